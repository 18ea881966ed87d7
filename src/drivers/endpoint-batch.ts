import {EndpointError} from '../core/endpoint-error.ts';
import {messageOf} from '../core/errors.ts';
import type {Run} from '../system/run.ts';
import {isGone, runLines} from './ip-batch.ts';

/** A line for `ip`, and whose it is. */
export interface EndpointLine {
  readonly endpoint: string;
  readonly line: string;
  /** It takes something away, which may have gone with something else meanwhile. */
  readonly mayBeGone?: boolean;
}

/** Collects what fails for one endpoint while it goes on with the others. */
export interface Failures {
  /** Runs lines of `ip` in one process. */
  batch(run: Run, lines: readonly EndpointLine[]): Promise<void>;
  /** Does something for one endpoint. */
  attempt(endpoint: string, action: () => Promise<unknown>): Promise<void>;
  /** Throws one EndpointError if anything failed. */
  throwIfAny(): void;
}

export function createFailures(): Failures {
  const failures = new Map<string, string>();
  // The first thing that fails tells why; what comes after often fails because of it.
  const add = (endpoint: string, reason: string) => {
    if (!failures.has(endpoint)) failures.set(endpoint, reason);
  };
  return {
    async batch(run, lines) {
      try {
        const texts = lines.map(({line}) => line);
        for (const {index, line, reason} of await runLines(run, texts)) {
          const {endpoint = '', mayBeGone = false} = lines[index] ?? {};
          if (!mayBeGone || !isGone(reason)) add(endpoint, `ip ${line}: ${reason}`);
        }
      } catch (error) {
        for (const {endpoint} of lines) add(endpoint, messageOf(error));
      }
    },
    async attempt(endpoint, action) {
      try {
        await action();
      } catch (error) {
        add(endpoint, messageOf(error));
      }
    },
    throwIfAny() {
      if (failures.size > 0) throw new EndpointError(failures);
    },
  };
}
