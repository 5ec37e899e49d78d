// Holds a session to what its client secret pins: applies it before anything of the client passes, and lets no provider's message show it.
// Rule: a session whose settings cannot be applied does not go on.

import type { Pins } from '../../../adapters/realtime/contract/pins.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import type { Limits } from '../../config/config.ts';
import type { Peer } from '../../transport/peer.ts';
import type { ReadFrames } from '../link/source-reader.ts';
import type { SessionSubject } from '../subject.ts';
import type { MessageWatch } from '../unfinished-messages.ts';
import type { ClientRule } from './client-gate.ts';
import { WholeMessages } from './whole-messages.ts';

export interface PinnedSessionOptions {
  readonly client: Peer;
  readonly provider: Peer;
  readonly limits: Pick<Limits, 'dialMs'>;
  /** Messages of the provider. */
  readonly providerMessages: Pick<MessageWatch, 'newReader'>;
  isOpen(): boolean;
  onProviderEnd(end: ReadEnd): void;
  /** Called when the provider did not answer within `dialMs`. */
  onUnanswered(): void;
  /** Called when the provider did not take what is pinned; `fault` says why. */
  onNotTaken(fault: string): void;
}

/** @throws Error where the dialect can pin nothing: such a session must not begin. */
export function pinsOf({ dialect, pinned }: Pick<SessionSubject, 'dialect' | 'pinned'>): Pins | undefined {
  if (pinned === undefined) return undefined;
  if (dialect.pins === undefined) throw new Error(`nothing can be pinned of a session of ${dialect.name}`);
  return dialect.pins.hold(pinned);
}

export const pinRule = ({ fromClient }: Pins): ClientRule => ({
  verdictOn(frame) {
    const found = fromClient(frame);
    if (found === undefined) return undefined;
    return 'code' in found ? { rejection: found } : { instead: found };
  },
  goesOn: () => true,
});

/** Reads the provider's messages while its answer is waited for, or where some of them show what is pinned. */
export class PinnedSession {
  readonly #pins: Pins;
  readonly #options: PinnedSessionOptions;
  readonly #whole: WholeMessages;
  #whenTaken: (() => void) | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** True once the message that is read is the provider's yes. */
  #isTaken = false;

  /** `pass` gets what the client may see. */
  constructor(pins: Pins, pass: ReadFrames, options: PinnedSessionOptions) {
    this.#pins = pins;
    this.#options = options;
    this.#whole = new WholeMessages({
      source: options.provider,
      isMasked: false,
      messages: options.providerMessages,
      pass,
      decide: (frame) => this.#decide(frame),
      onRead: () => this.#isTaken && this.#taken(),
      onEnd: options.onProviderEnd,
    });
  }

  /** See `ReadFrames`. */
  readonly fromProvider: ReadFrames = (chunk, at, maxFrames) => this.#whole.read(chunk, at, maxFrames);

  /** Calls back once the provider has taken what is pinned; the event that applies it was sent before. */
  whenTaken(callback: () => void): void {
    const { client, limits, onUnanswered } = this.#options;
    this.#whenTaken = callback;
    this.#deadline = setTimeout(onUnanswered, limits.dialMs);
    client.socket.once('close', () => clearTimeout(this.#deadline));
  }

  #decide(frame: Frame): (() => void) | undefined {
    const answer = this.#whenTaken && this.#pins.start?.answerIn(frame);
    if (answer !== undefined && answer !== 'taken') return () => this.#notTaken(answer.fault);
    this.#isTaken = answer === 'taken';
    const shown = this.#pins.fromProvider?.(frame);
    const { at } = frame;
    return shown && (() => this.#whole.send(shown, at));
  }

  #taken(): void {
    clearTimeout(this.#deadline);
    const callback = this.#whenTaken;
    this.#whenTaken = undefined;
    this.#isTaken = false;
    if (this.#options.isOpen()) callback?.();
  }

  #notTaken(fault: string): void {
    clearTimeout(this.#deadline);
    this.#whenTaken = undefined;
    this.#options.onNotTaken(fault);
  }
}
