import {request} from 'node:http';
import {InputError, messageOf} from '../core/errors.ts';
import type {AgentStatus} from './status.ts';

/** Asks a running agent for its status over its Unix socket. Throws InputError when nobody answers. */
export async function fetchAgentStatus(socket: string): Promise<AgentStatus> {
  return ask(socket, '/status', text => JSON.parse(text) as AgentStatus);
}

/** Asks a running agent for what it renders its templates with: JSON text (a TemplateDataDocument). Throws InputError when nobody answers. */
export async function fetchTemplateData(socket: string): Promise<string> {
  return ask(socket, '/template-data', text => text);
}

async function ask<Answer>(socket: string, path: string, parse: (text: string) => Answer): Promise<Answer> {
  try {
    return parse(await get(socket, path));
  } catch (error) {
    throw new InputError('ERR_NO_AGENT', `cannot ask the agent at ${socket}: ${messageOf(error)}`, {cause: error});
  }
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({socketPath, path, timeout: 5000}, response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', chunk => {
        body += chunk;
      });
      response.on('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(`status ${response.statusCode}: ${body}`))));
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 5 s')));
    call.on('error', reject);
    call.end();
  });
}
