import {Ajv2020, type ErrorObject} from 'ajv/dist/2020.js';
import type {Answer, TestDaemon} from './daemon.ts';

/** The OpenAPI document of a daemon, to hold its answers against. */
export interface TestDocument {
  // biome-ignore lint/suspicious/noExplicitAny: tests compare it with what they expect
  readonly document: any;
  /** Its operations, as "GET /hosts/{name}". */
  readonly operations: readonly string[];
  /** Which operation a request is. */
  operationOf(method: string, path: string): string;
  /** What of an answer the document does not say: its status, a header or a field; empty when all is said. */
  faultsOfAnswer(operation: string, answer: Answer): string[];
  /** What of a body the document does not allow. */
  faultsOfBody(operation: string, body: unknown): string[];
  /** The statuses that the operation says more of than that every other may answer them too. */
  ownStatuses(operation: string): string[];
}

export async function readDocument(daemon: TestDaemon, headers: Record<string, string> = {}): Promise<TestDocument> {
  const {body: document} = await daemon.request('GET', '/openapi.json', undefined, headers);
  const ajv = new Ajv2020({strict: false, allErrors: true, formats: {'date-time': (text: string) => !Number.isNaN(Date.parse(text))}});
  ajv.addSchema(closed(document), 'doc');
  const operations = Object.entries<object>(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map(method => `${method.toUpperCase()} ${path}`),
  );
  const patterns = operations.map(operation => {
    const [method = '', path = ''] = operation.split(' ');
    // Only the last name of a path may stand for a rest with slashes.
    const pattern = path.replace(/\{\w+\}(?=\/)/g, '[^/]+').replace(/\{\w+\}$/, path.startsWith('/addresses/') ? '.+' : '[^/]+');
    return {operation, method, pattern: new RegExp(`^${pattern}$`)};
  });

  const place = (operation: string) => {
    const [method = '', path = ''] = operation.split(' ');
    return ['paths', path, method.toLowerCase()];
  };
  const at = (keys: readonly string[]) => keys.reduce((value, key) => value?.[key], document);
  const faults = (keys: readonly string[], value: unknown) => {
    const pointer = keys.map(key => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const validate = ajv.getSchema(`doc#/${pointer}`);
    if (validate === undefined) return [`there is no ${pointer}`];
    return validate(value) === true ? [] : (validate.errors ?? []).map(describe);
  };
  const resolved = (keys: readonly string[]): string[] => {
    const ref: unknown = at(keys)?.$ref;
    return typeof ref === 'string' ? ref.replace('#/', '').split('/') : [...keys];
  };

  return {
    document,
    operations,
    operationOf(method, path) {
      const [plain = ''] = path.split('?');
      const found = patterns.find(each => each.method === method && each.pattern.test(plain));
      if (found === undefined) throw new Error(`the document has no ${method} ${plain}`);
      return found.operation;
    },
    faultsOfAnswer(operation, {status, headers: given, body}) {
      const keys = resolved([...place(operation), 'responses', String(status)]);
      const response = at(keys);
      if (response === undefined) return [`${operation} does not say that it may answer ${status}`];
      const [type = ''] = Object.keys(response.content);
      const needed = Object.keys(response.headers ?? {}).filter(name => document.components.headers[name].required === true);
      const missing = needed.filter(name => !given.has(name)).map(name => `no header ${name}`);
      const isOfType = (given.get('content-type') ?? '').startsWith(type);
      return [...missing, ...(isOfType ? [] : [`not ${type}`]), ...faults([...keys, 'content', type, 'schema'], body)];
    },
    faultsOfBody: (operation, body) => faults([...place(operation), 'requestBody', 'content', 'application/json', 'schema'], body),
    ownStatuses: operation =>
      Object.entries<object>(at([...place(operation), 'responses'])).flatMap(([status, response]) => ('$ref' in response ? [] : [status])),
  };
}

/** The document says which fields there are, and that there may be more one day. Today there must be none that it does not say. */
function closed(schema: unknown): object {
  return JSON.parse(JSON.stringify(schema), (_, value) => {
    const isOpen = value?.type === 'object' && value.properties !== undefined && value.additionalProperties === undefined;
    return isOpen ? {...value, additionalProperties: false} : value;
  });
}

function describe({instancePath, message, params}: ErrorObject): string {
  return `${instancePath} ${message} ${JSON.stringify(params)}`;
}
