import {documentPath} from './paths.ts';
import type {Probe} from './probes.ts';
import {Problem} from './problem.ts';
import type {Route} from './route.ts';
import {createSchemas, type JsonObject, type Schemas} from './schemas.ts';

export interface OpenApiOptions {
  readonly version: string;
  readonly routes: readonly Route[];
  readonly probes: readonly Probe[];
  /** A token is asked for. */
  readonly hasToken: boolean;
}

/** The OpenAPI 3.1 document of a program: its routes and probes, with the schemas that requests are parsed with. */
export function openApiDocument({version, routes, probes, hasToken}: OpenApiOptions): JsonObject {
  const schemas = createSchemas();
  const paths: Record<string, Record<string, unknown>> = {};
  const add = (path: string, method: string, operation: JsonObject) => {
    paths[path] = {...paths[path], [method.toLowerCase()]: operation};
  };
  for (const route of routes) add(documentPath(route.path), route.method, routeOperation(route, schemas, hasToken));
  for (const probe of probes) add(probe.path, 'GET', probeOperation(probe, schemas, hasToken));
  const responses = commonResponses(schemas);
  return {
    openapi: '3.1.1',
    info: {title: 'Romana node', version, description, license: {name: 'Apache-2.0', identifier: 'Apache-2.0'}},
    ...(hasToken && {security: [{token: []}]}),
    paths,
    components: {
      schemas: schemas.named(),
      responses,
      headers,
      ...(hasToken && {securitySchemes: {token: {type: 'http', scheme: 'bearer'}}}),
    },
  };
}

const description = [
  'Every change is durable before it is answered. A refusal says why in `details`, for people to read.',
  'While the store is away, reads are answered from memory with the header `Romana-State-Age`, and changes get 503.',
].join(' ');

const headers = {
  'Romana-State-Age': {
    description: 'For how many seconds the store has not been reachable. Without the header, the answer is current.',
    schema: {type: 'number'},
  },
  'WWW-Authenticate': {description: 'Bearer.', schema: {type: 'string'}, required: true},
  'Retry-After': {description: 'Seconds after which to try again.', schema: {type: 'integer'}, required: true},
};

const headerOfStatus: Readonly<Record<string, keyof typeof headers>> = {401: 'WWW-Authenticate', 503: 'Retry-After'};

/** What every route may answer. */
const common = {
  400: ['Malformed', 'malformed: not JSON, a field that is unknown, missing or of the wrong type'],
  401: ['NoToken', 'no token, or a wrong one'],
  406: ['NotAcceptable', 'none of the types in Accept can be answered'],
  413: ['TooLarge', 'the body is larger than 1 MiB'],
  415: ['UnknownType', 'the body is not said to be JSON'],
  503: ['StoreAway', 'the store is not reachable; try again'],
} as const;

type CommonStatus = keyof typeof common;

function routeOperation(route: Route, schemas: Schemas, hasToken: boolean): JsonObject {
  const {method, operation, summary, tag, body, bodyShape, query, params, answer, refusals} = route;
  const shape = bodyShape ?? body;
  const statuses: CommonStatus[] = [400, ...(hasToken ? ([401] as const) : []), 406, ...(shape ? ([413, 415] as const) : []), 503];
  const own = Object.entries(refusals ?? {}).map(([status, when]) => [status, refusal(when, schemas)] as const);
  return {
    operationId: operation,
    summary,
    ...(tag !== undefined && {tags: [tag]}),
    parameters: [...parametersOf('path', params, schemas), ...parametersOf('query', query, schemas)],
    ...(shape && {requestBody: {required: true, content: {'application/json': {schema: schemas.of(shape)}}}}),
    responses: {
      200: {
        description: 'done',
        ...(method === 'GET' && {headers: headerRef('Romana-State-Age')}),
        content: {'application/json': {schema: schemas.of(answer)}},
      },
      ...Object.fromEntries([...statuses.map(commonEntry), ...own]),
    },
  };
}

function probeOperation(
  {operation, summary, isOpen = false, contentType, answers}: Probe,
  schemas: Schemas,
  hasToken: boolean,
): JsonObject {
  const statuses: CommonStatus[] = hasToken && !isOpen ? [401, 406] : [406];
  const own = Object.entries(answers).map(([status, {when, schema}]) => {
    const content = {[contentType ?? 'application/json']: {schema: schemas.of(schema)}};
    return [status, {description: when, content}] as const;
  });
  return {
    operationId: operation,
    summary,
    tags: ['probes'],
    ...(hasToken && isOpen && {security: []}),
    responses: Object.fromEntries([...statuses.map(commonEntry), ...own]),
  };
}

function parametersOf(place: 'path' | 'query', schema: Route['query'], schemas: Schemas): JsonObject[] {
  return schemas.fieldsOf(schema).map(({name, isRequired, schema: {description: text, ...rest}}) => ({
    name,
    in: place,
    ...(text !== undefined && {description: text}),
    ...(isRequired && {required: true}),
    schema: rest,
  }));
}

function commonEntry(status: CommonStatus): readonly [CommonStatus, JsonObject] {
  return [status, {$ref: `#/components/responses/${common[status][0]}`}];
}

function commonResponses(schemas: Schemas): JsonObject {
  const responses = Object.entries(common).map(([status, [name, when]]) => {
    const header = headerOfStatus[status];
    return [name, {...refusal(when, schemas), ...(header !== undefined && {headers: headerRef(header)})}];
  });
  return Object.fromEntries(responses);
}

function headerRef(name: keyof typeof headers): JsonObject {
  return {[name]: {$ref: `#/components/headers/${name}`}};
}

function refusal(when: string, schemas: Schemas): JsonObject {
  return {description: when, content: {'application/json': {schema: schemas.of(Problem)}}};
}
