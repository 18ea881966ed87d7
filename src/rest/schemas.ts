import {z} from 'zod';

export type JsonObject = Readonly<Record<string, unknown>>;

/** JSON Schemas as OpenAPI 3.1 wants them: those with a name (`.meta({id})`) stand once in the document, and all others refer to them. */
export interface Schemas {
  of(schema: z.ZodType): JsonObject;
  /** The fields of an object's schema, and which of them must be there. */
  fieldsOf(schema: z.ZodType | undefined): readonly {readonly name: string; readonly isRequired: boolean; readonly schema: JsonObject}[];
  /** Those with a name, sorted by it. */
  named(): JsonObject;
}

const Converted = z.record(z.string(), z.unknown());
const Shape = z.object({properties: z.record(z.string(), Converted).default({}), required: z.array(z.string()).default([])});

export function createSchemas(): Schemas {
  const named = new Map<string, unknown>();

  const keep = (name: string, schema: unknown) => {
    const known = named.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`two schemas are called ${name}`);
    // What refers to itself gets a made-up name, which the next schema of that kind would get too.
    if (name.startsWith('__')) throw new Error('a schema that refers to itself needs a name: .meta({id})');
    named.set(name, schema);
  };

  const of = (schema: z.ZodType): JsonObject => {
    const text = JSON.stringify(z.toJSONSchema(schema, {io: 'input', override: ({jsonSchema}) => dropNoise(jsonSchema)}));
    const {$schema, $defs, ...inline} = Converted.parse(JSON.parse(text.replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/')));
    for (const [name, definition] of Object.entries(Converted.parse($defs ?? {}))) keep(name, withoutId(definition));
    return inline;
  };

  return {
    of,
    fieldsOf(schema) {
      const {properties, required} = Shape.parse(schema === undefined ? {} : of(schema));
      return Object.entries(properties).map(([name, field]) => ({name, isRequired: required.includes(name), schema: field}));
    },
    named: () => Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Drops what says nothing to a reader: how far an integer can be counted, and how a format is checked. */
function dropNoise(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.format !== undefined) delete schema.pattern;
}

function withoutId(definition: unknown): JsonObject {
  const {id, ...rest} = Converted.parse(definition);
  return rest;
}
