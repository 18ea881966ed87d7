import type {Socket} from 'node:net';
import type {Problem} from './problem.ts';

/** Answers what is no HTTP request, so that no route comes to see it, and closes the connection. */
export function answerBrokenRequest(error: Error & {readonly code?: string}, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status_code, phrase, details] = sayings[error.code ?? ''] ?? ([400, 'Bad Request', 'This is not an HTTP request.'] as const);
  const problem: Problem = {status_code, details, resource_type: '', resource_id: '', see_also: ''};
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${status_code} ${phrase}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const sayings: Readonly<Record<string, readonly [status: number, phrase: string, details: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'The headers of the request are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request did not come to its end in time.'],
};
