// Metering is what is known of how sessions are billed, while they last and at their end.

import type { Direction, OutFrame } from '../../../codecs/websocket/frame.ts';

/**
 * A measure that a session is billed by. `reported-usage`: what the provider reports in its events. The gateway counts all others itself, and a
 * report of the same measure takes the place of its count:
 * - `connected-time`: `seconds` from the 101 on;
 * - `audio-in` and `audio-out`: `inputAudioSeconds` and `outputAudioSeconds` of the sound that passes, by its bytes and the format that the handshake
 *   (`ServedEndpoint.soundIn`) or a message (`Observation.soundBytesPerSecond`) names, else that of `Dialect.sound`. A format whose rate is not known
 *   counts as the time that the session is connected, once it passes;
 * - `characters` and `messages`: of texts that a client sends, by `Observation.counts`.
 */
export type BillingBase = 'reported-usage' | 'connected-time' | 'audio-in' | 'audio-out' | 'characters' | 'messages';

/** The bases of a session's cost, and where its prices are from. */
export interface Billing {
  /** All that apply; an empty list: nothing is counted, and no cost is known. An endpoint that differs has its own. */
  readonly by: BillingBase | readonly BillingBase[];
  /** The provider's name in the price list that the gateway ships. */
  readonly priceListName?: string;
  /** Prices that the list does not have, by patterns of models. Those of the configuration go before them. */
  readonly prices?: Readonly<Record<string, SessionPrice>>;
}

/** USD, by what the configuration calls them: per minute, per million characters, per message. */
interface SessionPrice {
  readonly minute?: number;
  readonly audioInputMinute?: number;
  readonly audioOutputMinute?: number;
  readonly characters?: number;
  readonly message?: number;
}

/** Returns what sessions of an endpoint are billed by. */
export const basesOf = (
  { billing }: { readonly billing: Billing },
  { billedBy }: { readonly billedBy?: Billing['by'] },
): readonly BillingBase[] => [billedBy ?? billing.by].flat();

/**
 * The report of what a session used last. `ask`: the event that makes the provider end what is under way, or the session, and report it.
 * `comesWith`: the type of the event that ends every session with a report; without one, only a response that is under way has one to come.
 */
export interface LastUsage {
  readonly ask?: OutFrame;
  readonly comesWith?: string;
}

/** Measures of audio while it passes: bytes of a second as it is sent, unless the session says otherwise, and the most tokens of one. */
export interface Sound {
  /** 0 where the rate is not known: compressed sound has none. */
  readonly bytesPerSecond: number;
  /** 0 where no session is billed by tokens. */
  readonly tokensPerSecond: number;
}

/** Bytes of a second of sound, by direction; what is left out is not named. */
export type SoundRates = Partial<Readonly<Record<Direction, number>>>;
