import {isLoginRefused} from './etcd-faults.ts';

/** The token that a member gives for user and password. */
export interface Tokens {
  /** The token, asked for where there is none; undefined where none is needed. */
  get(deadline: number): Promise<string | undefined>;
  /** Drops the token, or drops it if it still is that one: of many requests that fail together only the first one makes for a new one. */
  forget(stale?: string): void;
}

const refusedMs = 5000;

/**
 * Keeps a token until it is forgotten. To check a password costs etcd much on purpose (bcrypt), so only one request for a token is
 * on its way at a time, and after a refusal the next one waits for 5 s.
 */
export function createTokens(authenticate: (deadline: number) => Promise<string | undefined>, now: () => number = Date.now): Tokens {
  let pending: Promise<string | undefined> | undefined;
  let current: {readonly token: string | undefined} | undefined;
  let refused: {readonly error: unknown; readonly until: number} | undefined;

  const renew = async (deadline: number) => {
    try {
      const token = await authenticate(deadline);
      current = {token};
      refused = undefined;
      return token;
    } catch (error) {
      if (isLoginRefused(error)) refused = {error, until: now() + refusedMs};
      throw error;
    } finally {
      pending = undefined;
    }
  };

  return {
    async get(deadline) {
      if (current !== undefined) return current.token;
      if (refused !== undefined && now() < refused.until) throw refused.error;
      pending ??= renew(deadline);
      return pending;
    },
    forget(...stale) {
      if (stale.length === 0 || current?.token === stale[0]) current = undefined;
    },
  };
}
