/** Endpoints that could not be set up or taken down. The others are as they should be. */
export class EndpointError extends Error {
  readonly code = 'ERR_ENDPOINT';
  override readonly name = 'EndpointError';
  /** Why, by the name of the endpoint; what is of none any more stands under its interface, route or address. */
  readonly failures: ReadonlyMap<string, string>;

  constructor(failures: ReadonlyMap<string, string>) {
    const [first = ['', ''], ...others] = failures;
    super(`cannot change endpoint ${first[0]}: ${first[1]}${others.length === 0 ? '' : ` (and ${others.length} more)`}`);
    this.failures = failures;
  }
}
