// Knows which key was given each id that a provider handed out (see `Dialect.ids`): what this process saw at once, all else by the store.
// Rule: an id belongs to a key only if somebody says so; when nobody can be asked, it belongs to none.

import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { notNow } from '../../http/request/refusals.ts';
import { ownerAnswer } from '../../ipc/channel/owner-answer.ts';
import type { SessionEvent } from '../../ipc/session-event.ts';
import type { FindOwners } from '../../ipc/side-request.ts';
import type { StoredSecret } from '../../ipc/stored-keys.ts';
import type { KeyIds } from '../../session/hold/id-guard.ts';
import type { Admission } from '../admission/admission.ts';
import { mayUse, unknowableModel } from '../admission/authorize.ts';

type IdClient = Pick<Admission, 'key' | 'provider' | 'secret'>;

interface IdOwnersOptions {
  /** undefined where there is no side process. */
  readonly findOwners: FindOwners | undefined;
  /** Hands ids over to be stored. False where there is no room for them now: they are handed over again. */
  readonly push: (event: SessionEvent) => boolean;
  /** Ids that are remembered here, about 150 bytes each. */
  readonly maxIds?: number;
  /** Pause before ids are handed over again. */
  readonly retryMs?: number;
}

interface Known {
  readonly key: string;
  readonly expiresAt: number;
}

/**
 * Pauses between the times that the store is asked for an id that it does not know: another process, or another machine, may have passed it on
 * a moment ago, and be about to store it.
 */
const PAUSES_MS = [100, 300, 800];
/** Stands for the key in open mode; no key has this id. */
const NO_KEY = '';
/** Ids that are handed over again in one event. */
const RETRIED_IDS = 64;

export class IdOwners {
  readonly #options: IdOwnersOptions;
  /** By digest, the oldest first. */
  readonly #known = new Map<string, Known>();
  /** Digests of known ids that found no room to be stored. */
  readonly #unstored = new Set<string>();
  #retry: NodeJS.Timeout | undefined;

  constructor(options: IdOwnersOptions) {
    this.#options = options;
  }

  /** The ids of a key at a provider's account; undefined where it shares the account with no other. */
  of({
    key,
    provider,
    endpoint,
    bindsIds,
    secret,
  }: IdClient & Pick<Admission, 'endpoint' | 'bindsIds'>): KeyIds | undefined {
    if (key === undefined || !bindsIds) return undefined;
    const { keptMs = 0, areJoined } = endpoint.dialect.ids ?? {};
    const ids = this.#ids(key.id, provider.name, keptMs);
    return areJoined && secret !== undefined ? { ...ids, handedOut: withSecret(ids, secret) } : ids;
  }

  /**
   * The ids of calls, which are kept of every key: they tell that a call is counted here. Without keys all are of one. What a client secret makes is its
   * key's, too; of what its key makes, it has what it made itself.
   */
  ofCalls({ key, provider, secret }: IdClient, keptMs = 0): KeyIds {
    const ids = this.#ids(key?.id ?? NO_KEY, provider.name, keptMs);
    if (secret === undefined) return ids;
    return {
      handedOut: withSecret(ids, secret),
      owns: (asked, isKnown) =>
        ids.owns(
          asked.map((id) => ofSecret(id, secret)),
          isKnown,
        ),
    };
  }

  #ids(key: string, provider: string, keptMs: number): KeyIds {
    const digest = (id: string): string => hash('sha256', `${provider}\0${id}`, 'base64url');
    return {
      handedOut: (ids) => this.#keep(key, ids.map(digest), keptMs),
      owns: (ids, isKnown) => this.#owns(key, ids.map(digest), isKnown),
    };
  }

  /** Hands nothing over again. */
  close(): void {
    clearTimeout(this.#retry);
    this.#unstored.clear();
  }

  /** Stores those that are new, or were stored long ago: some ids come again with every event. The id of another key stays with it, as in the store. */
  #keep(key: string, digests: readonly string[], keptMs: number): void {
    const now = Date.now();
    const expiresAt = now + keptMs;
    const kept = digests.filter((digest) => {
      const known = this.#alive(digest, now);
      return known === undefined || (known.key === key && known.expiresAt < now + keptMs / 2);
    });
    if (kept.length === 0) return;
    for (const digest of kept) this.#remember(digest, { key, expiresAt });
    this.#store(key, kept);
  }

  /** Hands ids of one key over, later where there is no room: nobody else can tell whose they are. */
  #store(key: string, digests: readonly string[]): boolean {
    const ids = digests.flatMap((digest) => {
      const known = this.#known.get(digest);
      return known === undefined ? [] : [{ digest, ...known }];
    });
    const isStored = this.#options.push({ kind: 'handed-out', key, ids });
    for (const { digest } of ids) {
      if (isStored) this.#unstored.delete(digest);
      else this.#unstored.add(digest);
    }
    if (this.#unstored.size > 0)
      this.#retry ??= setTimeout(() => this.#storeAgain(), this.#options.retryMs ?? 1000).unref();
    return isStored;
  }

  #storeAgain(): void {
    this.#retry = undefined;
    const byKey = Map.groupBy(this.#unstored, (digest) => this.#known.get(digest)?.key);
    for (const [key, digests] of byKey) {
      for (let at = 0; key !== undefined && at < digests.length; at += RETRIED_IDS)
        if (!this.#store(key, digests.slice(at, at + RETRIED_IDS))) break;
    }
  }

  #remember(digest: string, known: Known): void {
    const { maxIds = 20_000 } = this.#options;
    // One that came again is the newest.
    this.#known.delete(digest);
    this.#known.set(digest, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size <= maxIds || oldest === undefined) return;
    this.#known.delete(oldest);
    this.#unstored.delete(oldest);
  }

  #alive(digest: string, now = Date.now()): Known | undefined {
    const known = this.#known.get(digest);
    return known !== undefined && known.expiresAt >= now ? known : undefined;
  }

  #owns(key: string, digests: readonly string[], isKnown = true): ReturnType<KeyIds['owns']> {
    const known = digests.map((digest) => this.#alive(digest)?.key);
    if (known.some((owner) => owner !== undefined && owner !== key)) return false;
    const others = digests.filter((_, at) => known[at] === undefined);
    return others.length === 0 || ownerAnswer(this.#ask(key, others, isKnown ? PAUSES_MS : []));
  }

  /** All tries together have the time of one answer. */
  async #ask(key: string, digests: readonly string[], pauses: readonly number[]): Promise<boolean> {
    const { findOwners } = this.#options;
    if (findOwners === undefined) throw new Error('there is no side process');
    for (let tried = 0; ; tried++) {
      const pauseMs = pauses[tried];
      const owners = await findOwners(digests).catch((error: unknown) => {
        if (pauseMs === undefined) throw error;
        return [];
      });
      const isOther = owners.some((owner) => typeof owner === 'string' && owner !== key);
      const isOwn = digests.every((digest, at) => (this.#alive(digest)?.key ?? owners[at]) === key);
      if (isOther || isOwn || pauseMs === undefined) return isOwn && !isOther;
      await delay(pauseMs, undefined, { ref: false });
    }
  }
}

/** An id as the secret has it that was given it: no provider's begins so. */
const ofSecret = (id: string, { digest }: Pick<StoredSecret, 'digest'>): string => `secret\0${digest}\0${id}`;

const withSecret =
  (ids: KeyIds, secret: Pick<StoredSecret, 'digest'>): KeyIds['handedOut'] =>
  (given) =>
    ids.handedOut(given.flatMap((id) => [id, ofSecret(id, secret)]));

/** Returns why a handshake is refused that refers to what was handed out to somebody else; undefined: it does not. */
export async function refuseForeignIds(admission: Admission, owners: IdOwners): Promise<Refusal | undefined> {
  const { endpoint, handshake } = admission;
  const ids = owners.of(admission);
  const named = (ids && endpoint.idsIn?.(handshake)) ?? [];
  const [first] = named;
  if (first === undefined || ids === undefined) return undefined;
  const owns = await ids.owns(named.map(({ id }) => id));
  if (owns === 'away') return notNow(`whether ${first.field} was given to this key cannot be found out now`);
  return owns ? undefined : notIssued(first.field);
}

/** Finds out whether a handshake joins a call that was made through here, which is counted then; a Refusal where it may not join it. */
export async function joinCall(admission: Admission, owners: IdOwners): Promise<Pick<Admission, 'isJoined'> | Refusal> {
  const { endpoint, handshake, key, secret, bindsIds, provider } = admission;
  const joined = endpoint.joinedIn?.(handshake) ?? [];
  const [first] = joined;
  if (first === undefined) return {};
  const mayJoinAny =
    (!bindsIds || key?.callIds === 'any') && (secret === undefined || secret.settings.callIds === 'any');
  // The call of another client is counted as well, where this one may join any. Nobody waits for what does not decide.
  const owns = await owners.ofCalls(mayJoinAny ? { key, provider, secret: undefined } : admission).owns(
    joined.map(({ id }) => id),
    !mayJoinAny,
  );
  if (owns === true) return { isJoined: true };
  if (!mayJoinAny)
    return owns === 'away'
      ? notNow(`whether ${first.field} was given to this key cannot be found out now`)
      : notIssued(first.field, ', or callIds: any of the key and of its client secret', secret && 'client secret');
  const client = secret === undefined ? 'this key' : 'this client secret';
  return mayUse(admission, provider, '') ? {} : unknowableModel(client, provider);
}

const notIssued = (field: string, otherwise = '', client = 'key'): Refusal => ({
  status: 403,
  code: 'id_not_issued',
  message: `${field}: expected an id that this ${client} was given through this gateway${otherwise}`,
});
