// The contract of a simulator: what the rehearsal provider says on one connection, as a pure state machine.
// Rule: a simulator learns of time, frames and speech by being told, and acts only by the actions that it returns.

import type { Frame } from '../../codecs/frame.ts';
import type { VoiceDetectorFactory } from '../../codecs/vad.ts';
import type { Handshake, HttpReply } from '../realtime/contract.ts';

/** What the host does for a simulator, in this order. Nothing follows a `close`. */
export type Action =
  | { readonly do: 'send'; readonly data: string | Buffer; readonly binary: boolean }
  /** Synthesise this; the host answers with `spoken`, in any order. */
  | { readonly do: 'speak'; readonly text: string; readonly sampleRateHz: number }
  | { readonly do: 'close'; readonly code: number; readonly reason: string };

/** A synthesised text. `samples` is empty when the synthesiser failed. */
export interface Speech {
  readonly text: string;
  readonly sampleRateHz: number;
  readonly samples: Int16Array;
}

/** One connection as the host sees it. Times are monotonic milliseconds. */
export interface Simulator {
  /** The WebSocket is open. */
  opened(nowMs: number): readonly Action[];
  received(frame: Frame): readonly Action[];
  spoken(speech: Speech, nowMs: number): readonly Action[];
  woken(nowMs: number): readonly Action[];
  /** When `woken` is wanted; undefined: nothing is pending, and no timer is needed. */
  readonly wakeAtMs: number | undefined;
  /** Gives back what the simulator holds outside of its own memory. The connection is over. */
  ended(): void;
}

/** What a simulator is started with. */
export interface Connection {
  readonly handshake: Handshake;
  readonly options: SimulatorOptions;
  readonly voiceDetector: VoiceDetectorFactory;
  /** Unix time of the start, in milliseconds. */
  readonly startedAtMs: number;
}

/** A path of the rehearsal provider. */
export interface SimulatorRoute {
  readonly path: string;
  /** Why this handshake is not served; undefined: it is. */
  refusal(handshake: Handshake): HttpReply | undefined;
  start(connection: Connection): Simulator;
}

/** All that a provider folder offers to the rehearsal host. */
export interface ProviderSimulators {
  readonly routes: readonly SimulatorRoute[];
  /** True for a path of this provider, served or not. */
  readonly owns: (path: string) => boolean;
  /** The answer to an own path that is not served, in the provider's shape; `served`: the paths that are. */
  readonly notFound: (path: string, served: readonly string[]) => HttpReply;
}

/** How fast the rehearsal provider answers. */
export interface SimulatorTimes {
  /** End of the caller's turn to the first piece of audio. */
  readonly firstAudioMs: number;
  /** Request to the first piece of text, or of a function call. */
  readonly firstTextMs: number;
  /** From one piece of text to the next. */
  readonly tokenMs: number;
  /** Audio is sent this many times faster than it plays. */
  readonly audioSpeed: number;
  /** Length of one piece of audio. */
  readonly audioChunkMs: number;
  /** End of the caller's turn to its transcript. */
  readonly transcriptionMs: number;
}

/** How the rehearsal provider behaves; times in milliseconds. */
export interface SimulatorOptions {
  readonly times: SimulatorTimes;
  /** The caller's words that are played back are cut to this. */
  readonly playbackMs: number;
  /** The provider's own cap on a session: an error and a close. */
  readonly sessionCapMs: number;
  /** When Gemini says that the connection will end, and how long before the end. */
  readonly goAway: { readonly afterMs: number; readonly timeLeftMs: number };
  /** Gemini's `turnComplete` waits until the audio would have been played, so that the caller can still interrupt it. */
  readonly awaitPlayback: boolean;
  /** Gemini's JSON goes out in binary frames, as production does. */
  readonly binaryFrames: boolean;
  /** Where OpenAI's `rate_limits.updated` stands: after `response.created` or after `response.done`. */
  readonly rateLimits: 'start' | 'end';
}
