// Keeps what a client needs to come back to a session that waits for it at the gateway: its own messages, of which some may be lost. And asks which
// of them were taken.

import { gatewayUrl } from './dial.ts';
import { GatewayProblem, problemOfAnswer } from './problem.ts';

type OwnMessage = string | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

interface Kept {
  /** Counts all messages of the session, as the gateway does. */
  readonly number: number;
  readonly data: OwnMessage;
  readonly at: number;
}

/** Sound that is older is of no use any more: it would be heard behind what was said since. */
const SOUND_MS = 2000;
/** Bytes (of text: characters) of all else that is kept. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The messages that a client has sent, as far as the gateway may not have taken them. */
export class OwnMessages {
  #sound: Kept[] = [];
  #others: Kept[] = [];
  #otherBytes = 0;
  #count = 0;
  /** The number of the newest message that was let go of and is no sound. */
  #forgotten = 0;

  add(data: OwnMessage, isSound: boolean): void {
    const kept = { number: ++this.#count, data, at: performance.now() };
    if (isSound) {
      this.#sound.push(kept);
      const old = this.#sound.findIndex(({ at }) => at > kept.at - SOUND_MS);
      if (old > 0) this.#sound.splice(0, old);
      return;
    }
    this.#others.push(kept);
    this.#otherBytes += sizeOf(data);
    while (this.#otherBytes > MOST_BYTES) {
      const oldest = this.#others.shift();
      this.#otherBytes -= oldest === undefined ? this.#otherBytes : sizeOf(oldest.data);
      this.#forgotten = oldest?.number ?? this.#forgotten;
    }
  }

  /** The messages to send again where the gateway has taken the first `received`; undefined where not all of them are kept. From now on they count behind those. */
  after(received: number): readonly OwnMessage[] | undefined {
    if (received < this.#forgotten) return undefined;
    const since = performance.now() - SOUND_MS;
    const isMissing = ({ number }: Kept): boolean => number > received;
    const sound = this.#sound.filter((one) => isMissing(one) && one.at > since);
    const others = this.#others.filter(isMissing);
    const again = [...sound, ...others].sort((a, b) => a.number - b.number);
    this.#count = received + again.length;
    const numbers = new Map(again.map(({ number }, at) => [number, received + at + 1]));
    const renumbered = (one: Kept): Kept => ({ ...one, number: numbers.get(one.number) ?? one.number });
    this.#sound = sound.map(renumbered);
    this.#others = others.map(renumbered);
    this.#otherBytes = others.reduce((sum, { data }) => sum + sizeOf(data), 0);
    this.#forgotten = 0;
    return again.map(({ data }) => data);
  }
}

const sizeOf = (data: OwnMessage): number => (typeof data === 'string' ? data.length : data.byteLength);

/** The messages in which clients of OpenAI, Gemini, ElevenLabs and Hume send their sound and pictures. */
const SOUND =
  /^\s*\{\s*"(?:type"\s*:\s*"(?:input_audio_buffer\.append|audio_input)"|user_audio_chunk"|realtime_?[iI]nput"\s*:\s*\{\s*"(?:audio|video|media_?[cC]hunks)")/;

/** Tells whether a message is sound: bytes always are. */
export const isSoundMessage = (data: OwnMessage): boolean => typeof data !== 'string' || SOUND.test(data.slice(0, 200));

/** The state of a session that waits, or lives. `expiresAt`: until when a client that is away may come back (ms since the epoch). */
interface ResumeState {
  readonly received: number;
  readonly expiresAt: number | undefined;
}

interface ResumeQuestion {
  readonly gateway: string;
  readonly id: string;
  readonly secret: string;
  readonly fetch: typeof fetch;
}

/** @throws GatewayProblem: 404 where the session is over. */
export async function askResumeState({ gateway, id, secret, fetch: ask }: ResumeQuestion): Promise<ResumeState> {
  const url = gatewayUrl(gateway, `/v1/sessions/${id}/resume`);
  url.protocol = url.protocol.replace('ws', 'http');
  const asked = ask(url, { headers: { authorization: `Bearer ${secret}` } });
  const response = await asked.catch((cause: unknown) => {
    throw new GatewayProblem(`the gateway cannot be reached at ${url.origin}`, { status: 0 }, { cause });
  });
  if (!response.ok) throw await problemOfAnswer(response);
  const { received, expiresAt } = (await response.json()) as { received: number; expiresAt: string | null };
  return { received, expiresAt: expiresAt === null ? undefined : Date.parse(expiresAt) };
}
