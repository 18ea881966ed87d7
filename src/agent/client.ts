import {request} from 'node:http';
import {InputError, messageOf} from '../core/errors.ts';
import type {OwnedObject} from './objects.ts';
import type {AgentStatus} from './status.ts';

/** Asks a running agent for its status over its Unix socket. Throws InputError when nobody answers. */
export async function fetchAgentStatus(socket: string): Promise<AgentStatus> {
  return ask(socket, '/status', text => JSON.parse(text) as AgentStatus);
}

/** Asks a running agent for everything of ours on its host, wanted against actual. Throws InputError when nobody answers. */
export async function fetchAgentObjects(socket: string): Promise<readonly OwnedObject[]> {
  return ask(socket, '/objects', text => JSON.parse(text) as OwnedObject[]);
}

/** Asks a running agent for what it renders its templates with: JSON text (a TemplateDataDocument). Throws InputError when nobody answers. */
export async function fetchTemplateData(socket: string): Promise<string> {
  return ask(socket, '/template-data', text => text);
}

export interface AgentRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

/** Sends a running agent a request over its Unix socket. Throws an error with the agent's own sentence where it refuses, InputError when nobody answers. */
export async function requestAgent(socket: string, {method, path, body}: AgentRequest): Promise<unknown> {
  const {status, text} = await send(socket, {method, path, body}, 30_000).catch((error: unknown) => {
    throw noAgent(socket, explain(error), error);
  });
  if (status === 200) return parseJson(text);
  throw new Error(refusalIn(text) ?? `${method} ${path}: status ${status}: ${text}`);
}

async function ask<Answer>(socket: string, path: string, parse: (text: string) => Answer): Promise<Answer> {
  try {
    const {status, text} = await send(socket, {method: 'GET', path}, 5000);
    if (status !== 200) throw new Error(refusalIn(text) ?? `status ${status}: ${text}`);
    return parse(text);
  } catch (error) {
    throw noAgent(socket, explain(error), error);
  }
}

function noAgent(socket: string, reason: string, cause: unknown): InputError {
  return new InputError('ERR_NO_AGENT', `cannot ask the agent at ${socket}: ${reason}`, {cause});
}

function send(socketPath: string, {method, path, body}: AgentRequest, timeout: number): Promise<{status: number; text: string}> {
  return new Promise((resolve, reject) => {
    const call = request({socketPath, method, path, timeout}, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve({status: response.statusCode ?? 0, text}));
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeout / 1000} s`)));
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return `no agent is running there (${messageOf(error)}): is the agent running? Another socket is named by --socket FILE`;
  }
  if (code === 'EACCES') return `only root may (${messageOf(error)})`;
  return messageOf(error);
}

/** The agent's own sentence in an error body. */
function refusalIn(text: string): string | undefined {
  const answer = parseJson(text);
  return typeof answer === 'object' && answer !== null && 'details' in answer ? String(answer.details) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
