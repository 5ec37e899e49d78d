// The contract of the benchmarks: what a contender, a bench and its results are. Types only; everything is plain data.

import type { Figure, Measure, ReportPlot, ReportTable } from './figures/results.ts';
import type { ReceivedLoad, SentLoad, StreamedTokens } from './load/load.ts';

export interface StartOptions {
  /** Port of the provider, on 127.0.0.1. */
  readonly providerPort: number;
  /** The provider is reached over TLS, with a certificate that this CA (a PEM file) signed. Only for `direct` and `trunkline`. */
  readonly providerCa?: string;
  /** Clients come over TLS with this certificate: PEM files. Only for `trunkline`. */
  readonly clientTls?: { readonly cert: string; readonly key: string };
  /** An LLM endpoint on 127.0.0.1, in the shape of OpenAI below `/v1`. Only for contenders with `hasChat`: they route calls to it. */
  readonly llmPort?: number;
  /** An empty folder for what it writes, removed after the benchmark. */
  readonly folder: string;
  /** Folder of the data of `trunkline`, instead of that one. */
  readonly dataFolder?: string;
  /** Configuration of `trunkline` that is merged over its own: top-level keys, and the entry of the provider. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A contender that is ready for sessions. */
export interface RunningContender {
  /** `/v1/realtime?model=bench` -> the address to dial (ws: or wss:). */
  url(path: string): string;
  /** Headers of every handshake. */
  readonly headers: Readonly<Record<string, string>>;
  /** Roots of its process trees, whose CPU time and memory are its cost. None: nothing is between the ends. */
  readonly pids: readonly number[];
  /** Delay of its event loop since the last call, milliseconds; where it is known. */
  eventLoopDelay?(): Promise<{ readonly p50: number; readonly p99: number; readonly max: number } | undefined>;
  /** Endpoint of chat completions, when the contender was started with `llmPort`. */
  readonly chat?: ChatEndpoint;
  /** http:// address of its admin listener (trunkline). */
  readonly admin?: string;
  stop(): Promise<void>;
}

/** `model`: as this contender names the one model of the LLM endpoint. */
export interface ChatEndpoint {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
}

/** A program between the client and the provider, or nothing at all. */
export interface Contender {
  readonly name: string;
  /** True when it can be started with `llmPort`. */
  readonly hasChat?: boolean;
  /** Reason why it cannot run here; undefined when it can. */
  absent(): Promise<string | undefined>;
  /** Version of a contender that is present. */
  version(): Promise<string>;
  /** Throws when it is not ready for sessions within its deadline. Use `context.start`, which also stops it. */
  start(options: StartOptions): Promise<RunningContender>;
}

/** Settings of the command line. The benchmark decides what is undefined, and decides for less when `isShort`. */
export interface BenchSettings {
  readonly isShort: boolean;
  readonly sessions?: readonly number[];
  readonly frameBytes?: readonly number[];
  readonly frameMs?: readonly number[];
  readonly rounds?: number;
  /** Measured time of one run. */
  readonly seconds?: number;
  /** A run whose sender's p99 lateness was above this is invalid. */
  readonly toleranceMs: number;
  /** Seed of the bootstrap. */
  readonly seed: number;
}

/** Frames on a fixed schedule, evenly staggered over the open sessions. */
export interface Load {
  /**
   * `append`: client audio; `delta`: provider audio; `text`: provider text; `ask`: the client asks for an answer in text.
   * The real dialect, with the intended time inside.
   */
  readonly frame: 'append' | 'delta' | 'text' | 'ask';
  /** Size of the whole message. */
  readonly frameBytes: number;
  /** Period of one session. */
  readonly frameMs: number;
  /** Sent, and thrown away by the receiver. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** A process that holds one end of all sessions. */
export interface LoadEnd {
  readonly pid: number;
  /** Sends over all open sessions, and resolves after the last frame. Clients send `append` and `ask`, the provider the others. */
  send(load: Load): Promise<SentLoad>;
  /** Collects what arrived since the last call. Waits until `frames` measured frames are there, or `waitMs` have passed. */
  received(expected: { readonly frames: number; readonly waitMs: number }): Promise<ReceivedLoad>;
  stop(): Promise<void>;
}

export interface LoadProvider extends LoadEnd {
  readonly port: number;
  /** Sessions that are open now. */
  sessions(): Promise<number>;
  /** Waits, after `generator.close`, until all sessions are gone; ends those that stay, and forgets what arrived. */
  cleared(): Promise<void>;
}

export interface LoadGenerator extends LoadEnd {
  /** Opens that many sessions, a few at a time, and waits for the first event of each. Throws when one is refused. */
  open(target: {
    readonly url: string;
    readonly headers: RunningContender['headers'];
    readonly sessions: number;
  }): Promise<void>;
  /** Closed loop on one session: appends that the provider answers with a delta as large, one at a time; the round trip. */
  pingPong(options: {
    readonly frameBytes: number;
    readonly count: number;
    readonly warmUp: number;
  }): Promise<ReceivedLoad>;
  /** Times of the answers that a provider with `answer` streamed to `ask`. Wait for their tokens with `received` first. */
  streamed(): Promise<StreamedTokens>;
  /** Closes all sessions and resolves when they are gone. */
  close(): Promise<void>;
}

export interface ProviderOptions {
  /** PEM files: it listens with TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The first event comes so long after the 101; with it when not given. */
  readonly greetAfterMs?: number;
  /** Answer to each `ask`. */
  readonly answer?: StreamedAnswer;
}

/** A text streamed in tokens, on a schedule that begins when the question has come. */
export interface StreamedAnswer {
  /** Time until the first token. */
  readonly thinkMs: number;
  readonly tokens: number;
  readonly gapMs: number;
  /** Size of the message that carries one token. */
  readonly tokenBytes: number;
}

export interface RoundsPlan {
  /** Shown in the progress: `hop, 100 sessions, 2600 B`. */
  readonly label: string;
  readonly contenders: readonly Contender[];
  /** Part of the benchmark's time, for the time left: [0.5, 1] is the second half. The whole of it when it is not given. */
  readonly part?: readonly [from: number, to: number];
  /** Measured rounds; one more comes before them and is thrown away, unless `warmUp` is false. */
  readonly rounds: number;
  readonly warmUp?: boolean;
}

export interface BenchContext {
  readonly settings: BenchSettings;
  /** Present, and asked for by `--only`. Always with `direct` first and `direct-again` last, the A/A pair. */
  readonly contenders: readonly Contender[];
  /** Contenders that are not here or not asked for: name -> reason. Figures that need them are not judged. */
  readonly absent: ReadonlyMap<string, string>;
  /** A scratch folder, removed at the end. */
  readonly folder: string;
  /** One line on the screen, above the progress. */
  say(line: string): void;
  /** Shows what is going on, without rounds; `share` is the part of the bench that is done, 0 to 1. */
  progress(label: string, share: number): void;
  /** A B C A B C ...; a fault of one run is said, and leaves a hole (undefined) in that contender's rounds. */
  rounds<R>(
    plan: RoundsPlan,
    run: (contender: Contender, round: number) => Promise<R>,
  ): Promise<ReadonlyMap<string, readonly (R | undefined)[]>>;
  /** Starts a contender. It is stopped at the end of the benchmark, also when that fails; so are provider and generator. */
  start(contender: Contender, options: Omit<StartOptions, 'folder'>): Promise<RunningContender>;
  startProvider(options?: ProviderOptions): Promise<LoadProvider>;
  startGenerator(): Promise<LoadGenerator>;
  /**
   * Calls `stop` at the end of the benchmark, also when that fails, the last one first. For processes that a benchmark starts
   * itself.
   */
  onEnd(stop: () => unknown): void;
}

export interface BenchResult {
  readonly figures: readonly Figure[];
  readonly measures: readonly Measure[];
  readonly tables: readonly ReportTable[];
  readonly plots: readonly ReportPlot[];
  /** Name (`hop-100-up-2600-trunkline`) -> histogram in nanoseconds, compressed base64: see `histogram.ts`. */
  readonly histograms: Readonly<Record<string, string>>;
  /** Said in the report below the tables: invalid runs, bounds, what was left out. */
  readonly notes: readonly string[];
}

export interface Bench {
  readonly name: string;
  /** One line. */
  readonly description: string;
  /** A rough guess, for the time left. */
  seconds(settings: BenchSettings, contenders: number): number;
  run(context: BenchContext): Promise<BenchResult>;
}
