import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';
import type {ExecutionContext} from 'ava';

/** A TCP link to a port of loopback that fails when it is told to. */
export interface TestLink {
  readonly port: number;
  /** Whether new connections are taken. */
  isOpen: boolean;
  /** For each connection to come, after how many bytes from the far end it is cut. */
  cutsAfterBytes: number[];
  /** Lets nothing through that the far end says. */
  holdsAnswers: boolean;
  /** Cuts all connections. */
  cut(): void;
}

/** Starts a link to a port; it goes with the test. */
export async function startLink(t: ExecutionContext, target: number): Promise<TestLink> {
  const sockets = new Set<Socket>();
  const link = {
    port: 0,
    isOpen: true,
    cutsAfterBytes: [] as number[],
    holdsAnswers: false,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
  };
  const server = createServer(near => {
    if (!link.isOpen) {
      near.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    const limit = link.cutsAfterBytes.shift() ?? Number.POSITIVE_INFINITY;
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
    }
    near.pipe(far);
    far.on('data', data => {
      if (far.bytesRead > limit) far.destroy();
      else if (!link.holdsAnswers) near.write(data);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    link.cut();
    server.close();
  });
  const address = server.address();
  link.port = typeof address === 'object' && address !== null ? address.port : 0;
  return link;
}
