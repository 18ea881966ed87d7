import {requestAgent} from '../agent/client.ts';
import type {EndpointCommandParts} from '../cli/endpoint.ts';
import {loadConfig} from './program.ts';

/** What the endpoint commands act through: the agent of this host. */
export function createEndpointParts(): EndpointCommandParts {
  return {
    async open({socket, config}) {
      const file = socket ?? (await loadConfig({...(config !== undefined && {config})})).agent.socket;
      return request => requestAgent(file, request);
    },
    write: text => process.stdout.write(text),
    warn: text => process.stderr.write(text),
  };
}
