// The contract of a simulator: one connection of the rehearsal provider, as a pure state machine.
// Rule: time, frames and speech come in as arguments; the only effects are the actions that are returned.

import type { VoiceDetectorFactory } from '../../codecs/audio/vad.ts';
import type { Frame } from '../../codecs/websocket/frame.ts';
import type { Handshake } from '../realtime/contract.ts';
import type { HttpReply } from '../realtime/refusal.ts';

/** An action that the host carries out for a simulator. The order counts, and nothing follows a `close`. */
export type Action =
  | { readonly do: 'send'; readonly data: string | Buffer; readonly binary: boolean }
  | SpeakAction
  | { readonly do: 'close'; readonly code: number; readonly reason: string };

/** The host synthesises the text and calls `spoken`, with no samples when that failed. Several may be answered in any order. */
export interface SpeakAction {
  readonly do: 'speak';
  readonly text: string;
  readonly sampleRateHz: number;
  spoken(samples: Int16Array, nowMs: number): readonly Action[];
}

/** The provider's end of one connection. Times are monotonic milliseconds. */
export interface Simulator {
  opened(nowMs: number): readonly Action[];
  received(frame: Frame): readonly Action[];
  woken(nowMs: number): readonly Action[];
  /** The time at which the host must call `woken`; undefined while no timer is planned. */
  readonly wakeAtMs: number | undefined;
  /** Frees what the simulator holds outside of the heap. The connection is over. */
  ended(): void;
}

/** The connection that a simulator is started for. */
export interface Connection {
  readonly handshake: Handshake;
  readonly options: SimulatorOptions;
  readonly voiceDetector: VoiceDetectorFactory;
  /** Unix time of the start, in milliseconds. */
  readonly startedAtMs: number;
}

export interface SimulatorRoute {
  readonly path: string;
  /** The answer to a handshake that is refused; undefined when it is served. */
  refusal(handshake: Handshake): HttpReply | undefined;
  start(connection: Connection): Simulator;
}

export interface ProviderSimulators {
  readonly routes: readonly SimulatorRoute[];
  /** True for a path of this provider, served or not. */
  readonly owns: (path: string) => boolean;
  /** The answer to an own path that is not served, in the provider's shape; `served`: the paths that are. */
  readonly notFound: (path: string, served: readonly string[]) => HttpReply;
}

export interface SimulatorTimes {
  /** End of the caller's turn to the first piece of audio. */
  readonly firstAudioMs: number;
  /** Request to the first piece of text or of a function call. */
  readonly firstTextMs: number;
  /** Interval between two pieces of text. */
  readonly tokenMs: number;
  /** Audio is sent this many times faster than it plays. */
  readonly audioSpeed: number;
  /** Length of one piece of audio. */
  readonly audioChunkMs: number;
  /** End of the caller's turn to its transcript. */
  readonly transcriptionMs: number;
}

/** The behaviour of the rehearsal provider. Times are in milliseconds. */
export interface SimulatorOptions {
  readonly times: SimulatorTimes;
  /** The longest playback of the caller's own words. */
  readonly playbackMs: number;
  /** The provider's own limit of a session, which ends with an error and a close. */
  readonly sessionCapMs: number;
  /** Gemini's warning that the connection will end, and the time from the warning to the end. */
  readonly goAway: { readonly afterMs: number; readonly timeLeftMs: number };
  /** Gemini's `turnComplete` waits until the audio would have been played, so that the caller can still interrupt. */
  readonly awaitPlayback: boolean;
  /** Gemini's JSON goes out in binary frames, as production does. */
  readonly binaryFrames: boolean;
  /** Place of OpenAI's `rate_limits.updated`: after `response.created` or after `response.done`. */
  readonly rateLimits: 'start' | 'end';
}
