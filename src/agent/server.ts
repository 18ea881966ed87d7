import {mkdir, rm} from 'node:fs/promises';
import {connect} from 'node:net';
import path from 'node:path';
import Fastify, {type FastifyInstance} from 'fastify';
import {InputError} from '../core/errors.ts';
import {answerOtherMethods} from '../rest/other-methods.ts';
import {HttpError} from '../rest/problem.ts';
import {serveEndpoints} from './endpoint-api.ts';
import type {Endpoints} from './endpoints.ts';
import {createLocalServer} from './local-server.ts';
import type {OwnedObject} from './objects.ts';
import type {AgentStatus} from './status.ts';

export interface AgentServers {
  close(): Promise<void>;
}

const notYet = 'The agent has not read any whole state of the store yet, so it does not know what templates would be rendered with.';

export interface AgentServersOptions {
  /** The Unix socket of the local API; only root may use it. */
  readonly socket: string;
  readonly metricsListen: {readonly host: string; readonly port: number};
  readStatus(): Promise<AgentStatus>;
  /** What templates are rendered with; undefined before the first whole state. */
  readTemplateData(): object | undefined;
  readMetrics(): Promise<string>;
  readObjects(): Promise<readonly OwnedObject[]>;
  readonly endpoints: Pick<Endpoints, 'list' | 'put' | 'remove'>;
}

/** Serves the local API (GET /status, GET /template-data, GET /objects, /endpoints) on a Unix socket, and metrics on a port of their own. */
export async function startAgentServers(options: AgentServersOptions): Promise<AgentServers> {
  const {socket, metricsListen, readStatus, readTemplateData, readMetrics, readObjects, endpoints} = options;
  await removeStaleSocket(socket);
  await mkdir(path.dirname(socket), {recursive: true});
  const local = createLocalServer();
  local.get('/status', readStatus);
  local.get('/template-data', async () => readTemplateData() ?? Promise.reject(new HttpError(503, notYet)));
  local.get('/objects', readObjects);
  serveEndpoints(local, endpoints);
  answerOtherMethods(local, [
    ...['/status', '/template-data', '/objects', '/endpoints'].map(url => ({url, method: 'GET' as const})),
    ...(['PUT', 'DELETE'] as const).map(method => ({url: '/endpoints/*', method})),
  ]);
  const metrics = Fastify({forceCloseConnections: true});
  metrics.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await readMetrics()));
  metrics.get('/healthz', async () => ({status: 'ok'}));
  const mask = process.umask(0o077);
  try {
    await local.listen({path: socket});
  } finally {
    process.umask(mask);
  }
  await metrics.listen(metricsListen);
  const all: FastifyInstance[] = [local, metrics];
  return {close: async () => void (await Promise.all(all.map(server => server.close())))};
}

/** A socket file without a listener is left from an agent that was killed; one with a listener belongs to a running agent. */
async function removeStaleSocket(socket: string): Promise<void> {
  const isAnswered = await new Promise<boolean>(resolve => {
    const connection = connect(socket);
    connection.once('connect', () => resolve(true));
    connection.once('error', () => resolve(false));
    connection.once('close', () => connection.destroy());
    connection.once('connect', () => connection.destroy());
  });
  if (isAnswered) throw new InputError('ERR_AGENT_RUNNING', `cannot listen on ${socket}: another agent is running there`);
  await rm(socket, {force: true});
}
