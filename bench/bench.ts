// The contract of the benchmarks: what a contender, a bench and its results are. Types only; everything is plain data.

import type { Percentiles } from './figures/histogram.ts';
import type { RanBench } from './figures/results.ts';
import type { Rounds } from './figures/rounds.ts';

export interface StartOptions {
  /** Port of the provider, on 127.0.0.1. */
  readonly providerPort: number;
  /** The provider is reached over TLS, with a certificate that this CA (a PEM file) signed. Only for contenders with `hasTls`. */
  readonly providerCa?: string;
  /** Clients come over TLS with this certificate: PEM files. Only for contenders with `hasTls`; `direct` ignores it. */
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
  /** True where its sessions speak a dialect whose audio is in binary messages. */
  readonly isBinary?: boolean;
  /** Headers of every handshake. */
  readonly headers: Readonly<Record<string, string>>;
  /** Roots of its process trees, whose CPU time and memory are its cost. None: nothing is between the ends. */
  readonly pids: readonly number[];
  /** Delay of its event loop since the last call, milliseconds; where it is known. */
  eventLoopDelay?(): Promise<EventLoopDelay | undefined>;
  /** Endpoint of chat completions, when the contender was started with `llmPort`. */
  readonly chat?: ChatEndpoint;
  /** http:// address of its admin listener (trunkline). */
  readonly admin?: string;
  stop(): Promise<void>;
}

export type EventLoopDelay = Pick<Percentiles, 'p50' | 'p99' | 'max'>;

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
  /** True when it can be started with `providerCa` and `clientTls`. */
  readonly hasTls?: boolean;
  /** Reason why it cannot run here; undefined when it can. */
  absent(): string | undefined;
  /** Version of a contender that is present. */
  version(): string;
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
  /** Seed of the bootstrap, and of tasks that are made. */
  readonly seed: number;
  /** Path of a file of the reader's own: a configuration that is told about, or figures of the model. */
  readonly config?: string | undefined;
}

export interface RoundsPlan<Subject> {
  /** Shown in the progress: `hop, 100 sessions, 2600 B`. */
  readonly label: string;
  /** Subjects that take turns, by the name of the contender. */
  readonly contenders: ReadonlyMap<string, Subject>;
  /** Part of the benchmark's time, for the time left: [0.5, 1] is the second half. The whole of it when it is not given. */
  readonly part?: readonly [from: number, to: number];
  /** Measured rounds; one more comes before them and is thrown away, unless `warmUp` is false. */
  readonly rounds: number;
  readonly warmUp?: boolean;
}

/** One turn. `round` is -1 in the round that is thrown away. */
export type Turn<Subject, Run> = (subject: Subject, at: { name: string; round: number }) => Promise<Run>;

export interface BenchContext {
  readonly settings: BenchSettings;
  /** Contenders that are present, and asked for by `--only`. Always with `direct` first and `direct-again` last, the A/A pair. */
  readonly contenders: readonly Contender[];
  /** Contenders that are not here or not asked for: name -> reason. Figures that need them are not judged. */
  readonly absent: ReadonlyMap<string, string>;
  /** A scratch folder, removed at the end. */
  readonly folder: string;
  /** One line on the screen, above the progress. */
  say(line: string): void;
  /** Shows what is going on, without rounds; `share` is the part of the bench that is done, 0 to 1. */
  progress(label: string, share: number): void;
  /** Takes turns, A B C C B A ...; a fault of one run is said, and leaves a hole (undefined) in that contender's rounds. */
  rounds<Subject, Run>(plan: RoundsPlan<Subject>, run: Turn<Subject, Run>): Promise<Rounds<Run>>;
  /** Starts the contender of that name, and owns it. */
  start(name: string, options: Omit<StartOptions, 'folder'>): Promise<RunningContender>;
  /** Stops it at the end of the benchmark, also when that fails: the last one first. */
  own<T extends { stop(): unknown }>(started: T): T;
}

/** Results of a bench. Names of `histograms` are such as `hop-100-up-2600-trunkline`; `notes` are said in the report below the tables. */
export type BenchResult = Omit<RanBench, 'name' | 'description' | 'seconds' | 'fault'>;

export interface Bench {
  readonly name: string;
  /** One line. */
  readonly description: string;
  /** A contender without which there is nothing to measure. */
  readonly needs?: string;
  /** A rough guess, for the time left. */
  seconds(settings: BenchSettings, contenders: number): number;
  /** Gives no figures, tables and so on where it leaves them out. */
  run(context: BenchContext): Promise<Partial<BenchResult>>;
}
