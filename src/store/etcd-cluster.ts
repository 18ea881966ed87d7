import {setTimeout as sleep} from 'node:timers/promises';
import {type Accused, describeFault, isConnectionInDoubt, isPassing, isUnconnected, isUndone} from './etcd-faults.ts';
import type {Member, Services} from './etcd-member.ts';
import {StoreError} from './store.ts';

/** The members as one: whoever answers is asked. All reject with StoreError. */
export interface Cluster {
  /** How long a member may be silent before another one is asked. */
  readonly attemptMs: number;
  /** Asks until a member answers, or the time is up. `what` completes "cannot … etcd". */
  read<Result>(what: string, request: Request<Result>): Promise<Result>;
  /** The same where the answer may be long, and nobody waits for it at a terminal: it is given more time. */
  readMuch<Result>(what: string, request: Request<Result>): Promise<Result>;
  /** The same within a time of its own (milliseconds); undefined: the usual one. */
  readWithin<Result>(limitMs: number | undefined, what: string, request: Request<Result>): Promise<Result>;
  /** Asks again only where it is certain that nothing was done. `sent` says for an error what the request holds. */
  write<Result>(what: string, request: Request<Result>, sent: () => string): Promise<Result>;
  /** The member to ask next. */
  choose(): Member;
  /** Tells that a member did not do what it should; others are chosen before it for a while. */
  suspect(member: Member, error: unknown): void;
  /** The error of a member for whoever asked. */
  fault(what: string, member: Member, error: unknown): StoreError;
}

export type Request<Result> = (services: Services, options: {deadline: number}) => Promise<Result>;

export interface ClusterOptions {
  readonly members: readonly Member[];
  readonly deadlineMs: number;
  readonly accused: Accused;
}

interface Question {
  /** Completes "cannot … etcd". */
  readonly what: string;
  readonly isRepeatable: boolean;
  readonly attemptMs: number;
  readonly limitMs: number;
  sent?(): string;
}

const suspectMs = 5000;
const pauseMs = 100;
const maxAttempts = 3;
const patience = 3;

/** A member is asked as long as it answers; only when it fails, another one. So nobody waits for a member that is known to be away. */
export function createCluster({members, deadlineMs, accused}: ClusterOptions): Cluster {
  const suspects = new Map<Member, number>();
  let current = members[Math.floor(Math.random() * members.length)];
  const attempts = Math.min(members.length, maxAttempts);
  const attemptMs = deadlineMs / attempts;

  const isSuspect = (member: Member) => Date.now() - (suspects.get(member) ?? -Infinity) < suspectMs;

  const chooseBut = (tried: ReadonlySet<Member>): Member => {
    const free = members.filter(member => !tried.has(member));
    const well = free.filter(member => !isSuspect(member));
    if (current === undefined || !well.includes(current)) {
      const longest = free.toSorted((a, b) => (suspects.get(a) ?? 0) - (suspects.get(b) ?? 0));
      current = well[Math.floor(Math.random() * well.length)] ?? longest[0];
    }
    if (current === undefined) throw new RangeError('a cluster has at least one member');
    return current;
  };

  const suspect = (member: Member, error: unknown) => {
    suspects.set(member, Date.now());
    if (isConnectionInDoubt(error)) member.distrust(error);
  };

  const failure = ({what, isRepeatable, sent}: Pick<Question, 'what' | 'isRepeatable' | 'sent'>, faults: ReadonlyMap<Member, unknown>) => {
    const reasons = [...faults].map(([{endpoint}, error]) => `${endpoint}: ${describeFault(error, {...accused, ...(sent && {sent})})}`);
    const cause = [...faults.values()].at(-1);
    const doubt = isRepeatable || isUndone(cause) ? '' : ' (answer not known: it may have been done or not)';
    return new StoreError(`cannot ${what} etcd at ${reasons.join('; ')}${doubt}`, {cause});
  };

  const ask = async <Result>(question: Question, request: Request<Result>): Promise<Result> => {
    const {isRepeatable, attemptMs, limitMs} = question;
    const deadline = Date.now() + limitMs;
    const tried = new Set<Member>();
    const faults = new Map<Member, unknown>();
    for (;;) {
      const member = chooseBut(tried);
      try {
        const result = await member.ask(Math.min(deadline, Date.now() + attemptMs), request);
        suspects.delete(member);
        return result;
      } catch (error) {
        // The last one last: it says whether something may have been done.
        faults.delete(member);
        faults.set(member, error);
        tried.add(member);
        if (isPassing(error)) suspect(member, error);
        const mayGoOn = isPassing(error) && (isRepeatable || isUndone(error)) && Date.now() + pauseMs < deadline;
        const isAnyoneThere = tried.size < members.length || [...faults.values()].some(fault => !isUnconnected(fault));
        if (!mayGoOn || !isAnyoneThere) throw failure(question, faults);
        if (tried.size === members.length) {
          tried.clear();
          await sleep(pauseMs);
        }
      }
    }
  };

  return {
    attemptMs,
    read: (what, request) => ask({what, isRepeatable: true, attemptMs, limitMs: deadlineMs}, request),
    readMuch: (what, request) =>
      ask({what, isRepeatable: true, attemptMs: deadlineMs * patience, limitMs: deadlineMs * patience * attempts}, request),
    readWithin: (limitMs = deadlineMs, what, request) => ask({what, isRepeatable: true, attemptMs: limitMs / attempts, limitMs}, request),
    write: (what, request, sent) => ask({what, isRepeatable: false, attemptMs: deadlineMs, limitMs: deadlineMs, sent}, request),
    choose: () => chooseBut(new Set()),
    suspect,
    fault: (what, member, error) => failure({what, isRepeatable: true}, new Map([[member, error]])),
  };
}
