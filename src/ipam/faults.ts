import {InputError} from '../core/errors.ts';

/** Something that a request names does not exist. The REST answer carries what it was (404). */
export class NotFoundError extends InputError {
  readonly resourceType: string;
  readonly resourceId: string;

  constructor(resourceType: string, resourceId: string, message?: string) {
    super(
      'ERR_NOT_FOUND',
      message ??
        `${/^[aeiou]/.test(resourceType) ? 'An' : 'A'} ${nameOf(resourceType)} named ${JSON.stringify(resourceId)} does not exist.`,
    );
    this.name = 'NotFoundError';
    this.resourceType = resourceType;
    this.resourceId = resourceId;
  }
}

/** As a sentence has it. */
function nameOf(resourceType: string): string {
  return resourceType === 'vip' ? 'VIP' : resourceType;
}

export function notFound(resourceType: string, resourceId: string): NotFoundError {
  return new NotFoundError(resourceType, resourceId);
}

/** For `catch`: a refusal because something does not exist says what that was, in the REST answer too. */
export function naming(resourceType: string, resourceId: string): (error: unknown) => never {
  return error => {
    const isUnnamed = error instanceof InputError && error.code === 'ERR_NOT_FOUND' && !(error instanceof NotFoundError);
    throw isUnnamed ? new NotFoundError(resourceType, resourceId, error.message) : error;
  };
}

/** What a request wants to make is there already. */
export function exists(resourceType: string, resourceId: string): InputError {
  return new InputError('ERR_EXISTS', `A ${resourceType} named ${JSON.stringify(resourceId)} exists already.`);
}

/** The value, or NotFoundError where there is none. */
export function found<Value>(value: Value | undefined, type: string, id: string): Value {
  if (value === undefined) throw notFound(type, id);
  return value;
}
