import type {Endpoint, EndpointFacts} from '../core/endpoint.ts';
import {messageOf} from '../core/errors.ts';
import {HttpError} from '../rest/problem.ts';
import type {FileSystem} from '../system/file-system.ts';
import {parseEndpointFile, renderEndpointFile} from './endpoint-records.ts';

/** The file that lists the endpoints that are wanted. It is read once, or until it can be read. */
export interface EndpointFile {
  /** Reads it where that has not been done yet, or not been possible. */
  load(): Promise<EndpointFacts['wanted']>;
  /** What it lists, as far as is known. */
  readonly wanted: EndpointFacts['wanted'];
  /** The same; throws HttpError 503 with the reason where it is not known. */
  known(): readonly Endpoint[];
  /** Is durable when it resolves. */
  save(endpoints: readonly Endpoint[]): Promise<void>;
}

const whatToDo = 'endpoints stay as they are until it can be read: put it right, or remove it where none of them is wanted any more';

export function createEndpointFile(file: string, files: Pick<FileSystem, 'read' | 'replace'>): EndpointFile {
  let wanted: EndpointFacts['wanted'] = {problem: `${file} has not been read yet`};
  const read = async (): Promise<EndpointFacts['wanted']> => {
    try {
      const text = await files.read(file);
      return text === undefined ? [] : parseEndpointFile(text);
    } catch (error) {
      return {problem: `cannot read ${file}: ${messageOf(error)}: ${whatToDo}`};
    }
  };
  return {
    get wanted() {
      return wanted;
    },
    async load() {
      if (!('problem' in wanted)) return wanted;
      const found = await read();
      // Somebody else may have read it meanwhile, and changed it.
      if ('problem' in wanted) wanted = found;
      return wanted;
    },
    known() {
      if ('problem' in wanted) throw new HttpError(503, wanted.problem);
      return wanted;
    },
    async save(endpoints) {
      await files.replace(file, renderEndpointFile(endpoints), {mode: 0o600});
      wanted = endpoints;
    },
  };
}
