import type {z} from 'zod';

/** What is read out of a body of the daemon's. `parse` throws an error that says what was asked for and which field was not as it should be. */
export interface Answer<Value> {
  parse(body: unknown): Value;
}

export function answer<Schema extends z.ZodType>(what: string, schema: Schema): Answer<z.infer<Schema>> {
  return {
    parse(body) {
      const result = schema.safeParse(body);
      if (result.success) return result.data;
      const [first] = result.error.issues;
      const place = first?.path.join('.') ?? '';
      throw new Error(
        `cannot read the daemon's ${what}: ${place === '' ? '' : `${place}: `}${first?.message}; is it a daemon of this version?`,
      );
    },
  };
}
