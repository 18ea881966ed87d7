export interface RomanaErrorOptions {
  readonly cause?: unknown;
}

/** An operator's input (file, document, request, stored value) is wrong. The message names what, with what, and what was expected. */
export class InputError extends Error {
  readonly code: string;

  constructor(code: `ERR_${string}`, message: string, options: RomanaErrorOptions = {}) {
    super(message, options);
    this.name = 'InputError';
    this.code = code;
  }
}

/** The message of anything that was thrown, native error or not. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
