// Keeps the sound of a client by its place in the session, until its provider has told the final words of it.

import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';

/** Sound that is kept while nobody speaks, and while somebody may (seconds): words are told behind their beginning. */
const [QUIET_SECONDS, SPEAKING_SECONDS] = [2, 20];
const MAX_BYTES = 2 * 1024 * 1024;
/** Sound is cut at multiples of this time, which is a whole number of samples at every rate in use. */
const CUTS_A_SECOND = 25;

interface KeptMessage {
  readonly frame: OutFrame;
  /** The place of its sound, in bytes from the beginning of the session: `end` is that of a message without sound, too. */
  readonly start: number;
  readonly end: number;
  /** Set where it asks for something. */
  readonly isMark: boolean;
}

export class UnheardSound {
  #kept: KeptMessage[] = [];
  #bytes = 0;
  /** Sound that the client has sent, and the place at which the socket's own sound begins (bytes). */
  #sent = 0;
  #socketAt = 0;
  /** Messages of sound, and those that no socket but former ones was sent. */
  #messages = 0;
  #messagesBefore = 0;
  /** Set while somebody speaks. */
  isSpeech = false;
  readonly #isSilenceTold: boolean;

  /** `isSilenceTold`: the provider tells what is final of silence, too, so that sound without words may have some. */
  constructor(isSilenceTold: boolean) {
    this.#isSilenceTold = isSilenceTold;
  }

  /** Adds a message. `sound`: the bytes of sound in it. */
  add(
    { data, binary }: Pick<Frame, 'data' | 'binary'>,
    { sound, isMark = false }: { readonly sound: number; readonly isMark?: boolean },
    bytesPerSecond: number,
  ): void {
    const frame = { data: Buffer.from(data), binary };
    this.#kept.push({ frame, start: this.#sent, end: this.#sent + sound, isMark });
    this.#bytes += data.length;
    this.#sent += sound;
    if (sound > 0) this.#messages += 1;
    const mayBeSpeech = this.isSpeech || this.#isSilenceTold;
    const oldest = this.#sent - (mayBeSpeech ? SPEAKING_SECONDS : QUIET_SECONDS) * bytesPerSecond;
    let over = 0;
    const isOver = (): boolean => this.#bytes > MAX_BYTES || (this.#kept[over]?.end ?? oldest) < oldest;
    for (; over < this.#kept.length - 1 && isOver(); over++) this.#bytes -= this.#kept[over]?.frame.data.length ?? 0;
    if (over > 0) this.#kept.splice(0, over);
  }

  /** Forgets what the socket was sent up to this time of its sound. A message in which that ends is cut, where it is nothing but sound. */
  heardTo(seconds: number, bytesPerSecond: number): void {
    const place = this.#socketAt + Math.round(seconds * bytesPerSecond);
    const cut = this.#socketAt + Math.floor(seconds * CUTS_A_SECOND) * (bytesPerSecond / CUTS_A_SECOND);
    const [first, ...others] = this.#kept.filter(({ end }) => end > place);
    this.#kept = first === undefined ? [] : [behind(first, Math.floor(cut)), ...others];
    this.#bytes = this.#kept.reduce((sum, { frame }) => sum + frame.data.length, 0);
  }

  /** Tells whether something waits for its answer beside sound. */
  get hasMarks(): boolean {
    return this.#kept.some(({ isMark }) => isMark);
  }

  /** The end of the socket's sound, and that of the oldest of what waits for its answer, in seconds. */
  places(bytesPerSecond: number): { readonly sent: number; readonly mark: number | undefined } {
    const mark = this.#kept.find(({ isMark }) => isMark)?.end;
    const secondsTo = (place: number): number => (place - this.#socketAt) / (bytesPerSecond || 1);
    return { sent: secondsTo(this.#sent), mark: mark === undefined ? undefined : secondsTo(mark) };
  }

  /** Returns the messages that another socket is sent again, oldest first; they stay kept. */
  again(): readonly OutFrame[] {
    this.#socketAt = this.#kept[0]?.start ?? this.#sent;
    this.#messagesBefore = this.#messages - this.#kept.filter(({ start, end }) => end > start).length;
    return this.#kept.map(({ frame }) => frame);
  }

  /** Messages of sound that the socket was sent. */
  get messagesOfSocket(): number {
    return this.#messages - this.#messagesBefore;
  }

  /** Messages of sound that the socket was not sent, since former ones were. */
  get messagesBefore(): number {
    return this.#messagesBefore;
  }

  /** The time of the session at which the socket's own begins. */
  secondsBefore(bytesPerSecond: number): number {
    return this.#socketAt / bytesPerSecond;
  }
}

function behind(message: KeptMessage, place: number): KeptMessage {
  const { frame, start, end } = message;
  const isSound = frame.binary && frame.data.length === end - start;
  if (place <= start || !isSound) return message;
  return { ...message, frame: { ...frame, data: frame.data.subarray(place - start) }, start: place };
}
