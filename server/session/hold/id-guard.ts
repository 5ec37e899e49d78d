// Lets a client's message pass only if its key was given the ids in it. Rule: while that is being found out, nothing of the client overtakes the
// message; once no frame can have an id any more, bytes pass untouched.

import { performance } from 'node:perf_hooks';
import type { FrameIds, NamedId, Rejection } from '../../../adapters/realtime/contract.ts';
import type { Frame, OutFrame } from '../../../codecs/frame.ts';
import { type FrameBatch, newestPing, type ReadEnd } from '../../../codecs/frame-batch.ts';
import { encodeFrame } from '../../../codecs/frame-encoder.ts';
import type { FrameReader } from '../../../codecs/frame-reader.ts';
import type { Limits } from '../../config/config.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { ReadFrames } from '../source-reader.ts';
import type { SessionSubject } from '../subject.ts';
import type { MessageWatch } from '../unfinished-messages.ts';
import { HELD, HeldChunks, type HeldChunksOptions } from './held-chunks.ts';
import type { Receivers } from './inject-context.ts';

/** The ids of one key at one account. */
export interface KeyIds {
  /** Takes what the provider hands out to the key. */
  handedOut(ids: readonly string[]): void;
  /** Tells whether all of them were handed out to the key. Rejects when that cannot be known. */
  owns(ids: readonly string[]): boolean | Promise<boolean>;
}

interface IdGuardOptions extends HeldChunksOptions {
  readonly subject: Pick<SessionSubject, 'dialect'>;
  /** undefined: the key has the account for itself. */
  readonly ids?: KeyIds | undefined;
  readonly limits: Limits;
  /** Messages of the client. */
  readonly messages: Pick<MessageWatch, 'newReader'>;
  /** Tells whether the session goes on: in one that has ended nothing passes any more. */
  isOpen(): boolean;
  /** Tells whether an event of our own may go to the client now: not within a message of the provider. */
  mayInterject(): boolean;
  onClientEnd(end: ReadEnd): void;
  readonly metrics: Pick<Metrics, 'refused'>;
  /** Called for a message that ends the session. `frame` is valid during the call. */
  onRejected(rejection: Rejection, frame: Frame): void;
  onFault(error: unknown): void;
}

/** Wraps the receivers; returns them unchanged where no frame can have an id of somebody else. Must be called before the first byte arrives. */
export function holdForeignIds(receivers: Receivers, options: IdGuardOptions): Receivers {
  const { ids, subject } = options;
  const rules = subject.dialect.ids;
  if (ids === undefined || rules?.inFrame === undefined) return receivers;
  return new IdGuard(receivers, { ...options, ids, inFrame: rules.inFrame, goesOn: rules.goesOn === true });
}

interface GuardOptions extends IdGuardOptions {
  readonly ids: KeyIds;
  inFrame(frame: Frame): FrameIds | Rejection | undefined;
  readonly goesOn: boolean;
}

/** Refusals that wait for the end of a provider's message; a client that collects more is told no more of them. */
const MAX_EVENTS = 64;

class IdGuard implements Receivers {
  readonly #receivers: Receivers;
  readonly #options: GuardOptions;
  #reader: FrameReader;
  #state: 'reading' | 'asking' | 'done' | 'ended' = 'reading';
  #isLast = false;
  readonly #held: HeldChunks;
  #whenReleased: (() => void) | undefined;
  /** Refusals that the client has yet to be told. */
  #events: OutFrame[] = [];

  constructor(receivers: Receivers, options: GuardOptions) {
    this.#receivers = receivers;
    this.#options = options;
    this.#reader = this.#newReader();
    this.#held = new HeldChunks(options);
  }

  readonly fromClient: ReadFrames = (chunk, at, maxFrames) => {
    if (this.#state === 'done') return this.#receivers.fromClient(chunk, at, maxFrames);
    if (this.#state === 'asking') this.#hold(chunk);
    return this.#state === 'reading' ? this.#read(chunk, at, maxFrames) : HELD;
  };

  readonly fromProvider: ReadFrames = (chunk, at, maxFrames) => {
    const read = this.#receivers.fromProvider(chunk, at, maxFrames);
    if (this.#events.length > 0) this.#tell();
    return read;
  };

  afterHeld(callback: () => void): boolean {
    if (this.#state !== 'asking') return this.#receivers.afterHeld(callback);
    this.#whenReleased = callback;
    return true;
  }

  /** Reads frame by frame: what follows a message that has to wait waits too. */
  #read(chunk: Buffer, at: number, maxFrames: number): ReturnType<ReadFrames> {
    let [count, rest, ping]: [number, Buffer | undefined, Buffer | undefined] = [0, chunk, undefined];
    while (rest !== undefined && count < maxFrames && this.#state === 'reading') {
      const batch: FrameBatch = this.#reader.read(rest, at, 1);
      ping = newestPing(batch) ?? ping;
      rest = batch.rest;
      count += batch.count;
      this.#take(batch, at);
    }
    if (ping !== undefined) this.#options.client.pong(ping);
    return { count, rest };
  }

  #take(batch: FrameBatch, at: number): void {
    for (const run of batch.runs) this.#forward(run, at);
    if (batch.end?.name === 'refused') batch.end.refuse();
    else if (batch.end !== undefined) {
      this.#state = 'ended';
      this.#options.onClientEnd(batch.end);
    } else if (this.#isLast && batch.frames.length > 0) this.#state = 'done';
  }

  /** Passes on a whole message, which has no more frames than a message may have. */
  #forward(message: Buffer, at: number): void {
    let rest: Buffer | undefined = message;
    while (rest !== undefined) ({ rest } = this.#receivers.fromClient(rest, at, Number.POSITIVE_INFINITY));
  }

  #newReader(former?: FrameReader): FrameReader {
    return this.#options.messages.newReader((frame) => this.#gate(frame), former);
  }

  /** Decides at once where this process knows who was given the ids. */
  #gate(frame: Frame): (() => void) | undefined {
    const found = this.#options.inFrame(frame);
    if (found === undefined) return undefined;
    if ('code' in found) return this.#refusalOf(found, frame);
    const answer = found.ids.length === 0 || this.#options.ids.owns(found.ids.map(({ id }) => id));
    if (answer === true) {
      this.#isLast = found.isLast === true;
      return undefined;
    }
    const kept = copied(frame);
    return () => void this.#decide(kept, found, answer);
  }

  #refusalOf(rejection: Rejection, frame: Frame): () => void {
    const kept = copied(frame);
    return () => this.#refuse(rejection, kept);
  }

  async #decide(frame: Frame, found: FrameIds, answer: false | Promise<boolean>): Promise<void> {
    this.#state = 'asking';
    // The reader ended with the message that it did not let pass.
    this.#reader = this.#newReader(this.#reader);
    const rejection = await rejectionOf(found.ids, answer);
    try {
      // The close of a client is behind what is held.
      if (!this.#options.isOpen()) return void this.#release('reading');
      if (rejection !== undefined) this.#refuse(rejection, frame);
      else this.#forward(encodeFrame(frame.binary ? 'binary' : 'text', frame.data, true), performance.now());
      if (this.#state === 'asking') this.#release(rejection === undefined && found.isLast ? 'done' : 'reading');
      else this.#tellReleased();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #refuse(rejection: Rejection, frame: Frame): void {
    const { goesOn, subject, metrics, onRejected } = this.#options;
    const isOfId = rejection.code === 'id_not_issued' || rejection.code === 'side_unavailable';
    const event = goesOn && isOfId ? subject.dialect.errorEvent(rejection, frame) : undefined;
    if (event === undefined) {
      this.#state = 'ended';
      onRejected(rejection, frame);
      return;
    }
    metrics.refused(rejection.code, rejection.code === 'side_unavailable' ? 503 : 403);
    if (this.#events.length < MAX_EVENTS) this.#events.push(event);
    this.#tell();
  }

  #tell(): void {
    const { client, mayInterject } = this.#options;
    while (this.#events.length > 0 && mayInterject()) client.sendMessage(this.#events.shift() as OutFrame);
  }

  #hold(chunk: Buffer): void {
    this.#held.add(chunk);
    if (!this.#options.isOpen()) this.#release('reading');
  }

  #release(state: 'reading' | 'done'): void {
    this.#state = state;
    this.#held.release();
    this.#tellReleased();
  }

  #tellReleased(): void {
    const callback = this.#whenReleased;
    this.#whenReleased = undefined;
    callback?.();
  }
}

/** A frame is valid only while it is read. */
const copied = (frame: Frame): Frame => ({ ...frame, data: Buffer.from(frame.data) });

/** Why a message with these ids must not pass; undefined: all of them are the key's own. */
async function rejectionOf(ids: readonly NamedId[], answer: false | Promise<boolean>): Promise<Rejection | undefined> {
  try {
    return (await answer) ? undefined : foreign(ids);
  } catch {
    return unknown(ids);
  }
}

function foreign([first]: readonly NamedId[]): Rejection {
  const { field, id } = first ?? { field: 'id', id: '' };
  const named = id.length > 80 ? `${id.slice(0, 80)}...` : id;
  const message = `${field} '${named}' not found: expected an id that this key was given through this gateway`;
  return { code: 'id_not_issued', message, field };
}

function unknown([first]: readonly NamedId[]): Rejection {
  const field = first?.field ?? 'id';
  const message = `whether ${field} was given to this key cannot be found out now: try again`;
  return { code: 'side_unavailable', message, field };
}
