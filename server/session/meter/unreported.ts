// Estimates what a session has used since the last report, in tokens as its provider counts them, from the bytes that have passed.
// Rule: it never runs behind. A report replaces the part that it covers.

import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import type { Observation, Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { Direction } from '../../../codecs/websocket/frame.ts';
import { carriesSound, type SoundCount } from '../tap/sound-count.ts';

/** Bytes of text that are at least a token, as prompts of calls are bounded; a JSON event has more of them. */
const BYTES_OF_TOKEN = 2;
/** Most tokens of one message: a longer one is an image, which no provider counts higher. */
const MOST_MESSAGE_TOKENS = 32_768;
/** Bytes around the text of a provider's delta, and the least tokens of one. */
const [DELTA_BYTES, LEAST_DELTA_TOKENS] = [250, 4];

/** Counts of one moment: seconds of sound, tokens of text. */
interface Passed {
  readonly soundSeconds: number;
  readonly textTokens: number;
}

/** Tokens that are read again for each response. */
const NO_CONTEXT = { inputTextTokens: 0, inputAudioTokens: 0, inputImageTokens: 0 };

export class Unreported {
  readonly #dialect: Dialect;
  readonly #sound: Pick<SoundCount, 'seconds'>;
  readonly #textTokens = { upstream: 0, downstream: 0 };
  /** Counts from when the last report was made. */
  #reported: Record<Direction, Passed> = { upstream: NOTHING, downstream: NOTHING };
  /** Counts of the client from when the response began that is under way. */
  #atReply: Passed | undefined;
  #context = NO_CONTEXT;

  constructor(dialect: Dialect, sound: Pick<SoundCount, 'seconds'>) {
    this.#dialect = dialect;
    this.#sound = sound;
  }

  /** Takes a message that was not a mere repeat. `isReplying`: a response is under way behind it. */
  observed(observation: Observation | undefined, direction: Direction, bytes: number, isReplying: boolean): void {
    if (!carriesSound(observation, direction))
      this.#textTokens[direction] += direction === 'upstream' ? tokensOf(bytes) : tokensOfDelta(observation, bytes);
    if (observation?.usage !== undefined && observation.usageOf === undefined) this.#report(observation.usage);
    if (!isReplying) this.#atReply = undefined;
    else this.#atReply ??= this.#passed('upstream');
  }

  /** Seconds of audio of the client. */
  get heardSeconds(): number {
    return this.#secondsOf('upstream');
  }

  /** Returns the estimate, with what a response that is under way reads again. */
  usage(isReplying: boolean): Usage {
    const { upstream, downstream } = this.#dialect.sound ?? {};
    const context = isReplying ? this.#context : NO_CONTEXT;
    const heard = this.#secondsOf('upstream') * (upstream?.tokensPerSecond ?? 0);
    return {
      ...context,
      inputAudioTokens: context.inputAudioTokens + Math.ceil(heard),
      inputTextTokens: context.inputTextTokens + this.#textOf('upstream'),
      outputAudioTokens: Math.ceil(this.#secondsOf('downstream') * (downstream?.tokensPerSecond ?? 0)),
      outputTextTokens: this.#textOf('downstream'),
    };
  }

  /** Keeps counting what the client has said since the response began: its report is without it. */
  #report({ inputTokens = 0, outputTokens = 0, ...usage }: Usage): void {
    this.#reported = { upstream: this.#atReply ?? this.#passed('upstream'), downstream: this.#passed('downstream') };
    this.#atReply = undefined;
    const { inputAudioTokens = 0, outputAudioTokens = 0, inputImageTokens = 0 } = usage;
    const audio = inputAudioTokens + outputAudioTokens;
    this.#context = {
      inputAudioTokens: audio,
      inputImageTokens,
      inputTextTokens: Math.max(0, inputTokens + outputTokens - audio - inputImageTokens),
    };
  }

  #passed(direction: Direction): Passed {
    return { soundSeconds: this.#sound.seconds(direction), textTokens: this.#textTokens[direction] };
  }

  #secondsOf(direction: Direction): number {
    return this.#sound.seconds(direction) - this.#reported[direction].soundSeconds;
  }

  #textOf(direction: Direction): number {
    return this.#textTokens[direction] - this.#reported[direction].textTokens;
  }
}

const NOTHING: Passed = { soundSeconds: 0, textTokens: 0 };

const tokensOf = (bytes: number): number => Math.min(MOST_MESSAGE_TOKENS, Math.ceil(bytes / BYTES_OF_TOKEN));

/** Counts only the pieces of a reply: all else that a provider sends repeats them, or is free. */
function tokensOfDelta(observation: Observation | undefined, bytes: number): number {
  const isPiece = observation?.mark === 'text' || observation?.type.endsWith('delta') === true;
  return isPiece ? Math.max(LEAST_DELTA_TOKENS, tokensOf(bytes - DELTA_BYTES)) : 0;
}
