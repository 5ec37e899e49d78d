// A fixture is what a provider gives the conformance suite: one conversation in each of its dialects, and how it says no.

import type { Observation, Usage } from '../../../adapters/realtime/contract/observation.ts';

export interface ProviderFixture {
  /** By the name of the dialect. */
  readonly dialects: Readonly<Record<string, DialectFixture>>;
  /** The body of an error before the 101. */
  httpError(refusal: ExpectedRefusal): unknown;
  /** The event of a refusal behind the 101; left out where no message holds a credential. */
  refusalEvent?(refusal: ExpectedRefusal): unknown;
}

/** The credential in messages of a client that hold one. */
export const IN_FRAME = 'key-in-message';

/** The member with it, where another one follows. */
const MEMBER = new RegExp(`"[^"]+":"${IN_FRAME}",`);

/** A refusal whose texts may be matchers. */
export interface ExpectedRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: unknown;
  readonly help: unknown;
}

export interface DialectFixture {
  /** The query of a session that a key with the model `allowed` may open. */
  readonly query?: string;
  /** Both sides' messages in their order, beginning with the first of the session. One of the client that holds a credential has `IN_FRAME`. */
  readonly conversation: readonly FixtureMessage[];
  /** Facts about the session after it. `connected-time`: the seconds that it lasted, and nothing else; a function gets them. */
  readonly model: string | undefined;
  readonly usage: Usage | 'connected-time' | ((connectedSeconds: number) => Usage);
  readonly turns: readonly FixtureTurn[];
  /** Where the provider hears of an earlier session; left out where it cannot. */
  readonly context?: 'ahead-of-all' | 'behind-first-answer' | 'in-first-message';
  /** A client's event that names this model; left out where only `query` names one: it has the model `allowed` there. */
  naming?(model: string): object;
  /** The event that tells a client that its event was rejected; left out where a close code has to do. `message` may be a matcher. */
  errorEvent?(code: string, message: unknown): unknown;
}

export interface FixtureTurn {
  readonly user: string;
  readonly assistant: string;
  readonly isInterrupted?: true;
}

/** The end that sends it; an event or a text, sent as text, or bytes, sent as a binary message; what the tap learns from it, if anything. */
export type FixtureMessage = readonly [
  from: 'client' | 'provider',
  payload: object | string | Buffer,
  learned?: Learned,
];

export type Learned = Omit<Observation, 'type'>;

/** The message with another credential in the place of `IN_FRAME`; undefined: without the member that has it. */
export function withKey(
  { data, binary }: ReturnType<typeof payloadOf>,
  key: string | undefined,
): ReturnType<typeof payloadOf> {
  if (binary) return { data, binary };
  const text = String(data);
  const changed = key === undefined ? text.replace(MEMBER, '') : text.replaceAll(IN_FRAME, key);
  return { data: Buffer.from(changed), binary };
}

/** The message on the wire. */
export function payloadOf(payload: object | string | Buffer): { readonly data: Buffer; readonly binary: boolean } {
  if (Buffer.isBuffer(payload)) return { data: payload, binary: true };
  return { data: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)), binary: false };
}
