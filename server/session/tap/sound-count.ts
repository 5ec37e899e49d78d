// Counts how long the sound is that has passed, by its bytes and its format. Rule: messages that are mere repeats cost nothing; they are counted
// by what the one before them was.

import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import type { SoundRates } from '../../../adapters/realtime/contract/metering.ts';
import type { Observation } from '../../../adapters/realtime/contract/observation.ts';
import { longestStringLength } from '../../../codecs/json/bytes.ts';
import { type Direction, type Frame, inDirection } from '../../../codecs/websocket/frame.ts';

/** Base64 has four characters for three bytes. */
const BASE64 = 3 / 4;

/** Bytes of a second of two channels of 192 kHz with four bytes a sample: what says more says nothing, since it would make any sound short. */
const MOST_BYTES_PER_SECOND = 192_000 * 4 * 2;
const knownRate = (rate: number): number => (rate <= MOST_BYTES_PER_SECOND ? rate : 0);

/** Messages, and their bytes. */
interface Total {
  readonly frames: number;
  readonly bytes: number;
}

/** A client's message that says which bytes decide is sound; what a provider sends says so by its mark. */
export const carriesSound = (observation: Observation | undefined, direction: Direction): boolean =>
  direction === 'upstream' ? observation?.decides !== undefined : observation?.mark === 'audio';

interface SoundOptions {
  readonly dialect: Pick<Dialect, 'sound' | 'capabilities'>;
  readonly traffic: Readonly<Record<Direction, Total>>;
  /** The rates that the handshake names. */
  readonly rates?: SoundRates | undefined;
  /** Leaves out what is around the sound in its messages; else they count as sound wholly, which is more. */
  readonly isExact: boolean;
}

export class SoundCount {
  readonly #options: SoundOptions;
  readonly #heard: Counted;
  readonly #spoken: Counted;
  /** Set once the client has named a format: a later one may be what the provider refuses. */
  #isNamedByClient = false;

  constructor(options: SoundOptions) {
    const { dialect, rates } = options;
    const rateOf = (direction: Direction) =>
      knownRate(rates?.[direction] ?? dialect.sound?.[direction]?.bytesPerSecond ?? 0);
    this.#options = options;
    this.#heard = new Counted(rateOf('upstream'));
    this.#spoken = new Counted(rateOf('downstream'));
  }

  /** Takes a message that was not a mere repeat, and is in the totals. */
  observed(observation: Observation | undefined, frame: Frame, direction: Direction): void {
    const { traffic } = this.#options;
    const counted = this.#of(direction);
    counted.settle(inDirection(traffic, direction), { frames: 1, bytes: frame.data.length });
    counted.isSound = carriesSound(observation, direction);
    if (counted.isSound) this.#sound(frame, counted);
    const rates = observation?.soundBytesPerSecond;
    if (rates === undefined || (direction === 'upstream' && this.#isNamedByClient)) return;
    this.#isNamedByClient ||= direction === 'upstream';
    this.#changeRates(rates);
  }

  /** Ends the count of what has passed at the rates before. */
  #changeRates({ upstream, downstream }: SoundRates): void {
    this.#settled('upstream').bytesPerSecond = knownRate(upstream ?? this.#heard.bytesPerSecond);
    this.#settled('downstream').bytesPerSecond = knownRate(downstream ?? this.#spoken.bytesPerSecond);
  }

  #settled(direction: Direction): Counted {
    const counted = this.#of(direction);
    counted.settle(inDirection(this.#options.traffic, direction));
    return counted;
  }

  /** Seconds of the sound whose rate is known. */
  seconds(direction: Direction): number {
    return this.#settled(direction).seconds;
  }

  /** True where sound passed whose rate is not known. */
  isUnknown(direction: Direction): boolean {
    return this.#settled(direction).isUnknown;
  }

  #sound({ data, binary }: Frame, counted: Counted): void {
    const { dialect, isExact } = this.#options;
    const isBase64 = !(binary && dialect.capabilities.audio === 'binary');
    counted.share = isBase64 ? BASE64 : 1;
    counted.aroundBytes = isBase64 && isExact ? data.length - longestStringLength(data) : 0;
    counted.add(1, data.length);
  }

  #of(direction: Direction): Counted {
    return direction === 'upstream' ? this.#heard : this.#spoken;
  }
}

/** The sound of one direction. */
class Counted {
  seconds = 0;
  isUnknown = false;
  bytesPerSecond: number;
  /** True where the newest message was sound: its repeats are, too. */
  isSound = false;
  /** Bytes around the sound in the newest message that had some, and bytes of sound for one of what is left. */
  aroundBytes = 0;
  share = 1;
  #frames = 0;
  #bytes = 0;

  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Counts the repeats of the newest message. `behind`: the one that came behind them, which is in the total. */
  settle({ frames, bytes }: Total, behind: Total = { frames: 0, bytes: 0 }): void {
    const repeats = frames - this.#frames - behind.frames;
    if (repeats > 0 && this.isSound) this.add(repeats, bytes - this.#bytes - behind.bytes);
    this.#frames = frames;
    this.#bytes = bytes;
  }

  add(frames: number, bytes: number): void {
    const soundBytes = Math.max(0, bytes - frames * this.aroundBytes) * this.share;
    if (this.bytesPerSecond > 0) this.seconds += soundBytes / this.bytesPerSecond;
    else if (soundBytes > 0) this.isUnknown = true;
  }
}
