// The contract of runs: a run is the log of one answer, as events of the Responses API, which outlives whoever asked for it. Every front end
// starts and reads runs by it.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { HttpProblem } from '../../http/problem.ts';
import type { Requester, SideRequest } from '../../ipc/side-request.ts';

/** An event of the log. Sequences count from 0, without gaps. */
export interface RunEvent {
  readonly sequence: number;
  /** Its `type`, such as `response.output_text.delta`. */
  readonly type: string;
  /** The JSON of the event, whose `sequence_number` is the sequence. */
  readonly data: string;
}

/** Receives events in order, each once. */
export interface RunReader {
  /** At least one event. The next ones come when a promise that it returns has resolved, so that a slow reader holds up itself alone. */
  onEvents(events: readonly RunEvent[]): unknown;
  /** Says that the last event was given, or that nothing more can be: `problem` says why events are missing. */
  onEnd(problem?: HttpProblem): void;
}

export interface Run {
  /** Id of the response: `resp_` and 32 digits in hex. */
  readonly id: string;
  /** The id that a UI gave its chat. */
  readonly chat: string | undefined;
  /** The note of its order. */
  readonly note: JsonObject | undefined;
  readonly startedAt: number;
  /** It has a log; one that was asked for as a whole has none. */
  readonly isStreamed: boolean;
  /** Tells whether the log has its last event. */
  isOver(): boolean;
  /** Tells whether the log has an event of that sequence. One that another process wrote a moment ago is waited for. */
  reaches(sequence: number): Promise<boolean>;
  /** Gives all events after that sequence (-1: all of them), those to come too. Returns what ends the reading. */
  read(after: number, reader: RunReader): () => void;
  /** Ends the answer where it is. Resolves when that is ordered; the log ends with an event. */
  cancel(): Promise<void>;
}

/** The runs of a process as they are now. */
interface RunsNow {
  readonly running: number;
  readonly readers: number;
  /** Memory that runs take, those that have ended included. */
  readonly bytes: number;
}

export interface RunCounts {
  /** Says what is asked at each scrape. */
  watch(read: () => RunsNow): void;
  started(): void;
  /** `lost`: its process was gone. */
  ended(outcome: 'completed' | 'incomplete' | 'failed' | 'cancelled' | 'lost', runs?: number): void;
  /** Says that somebody reads who was not the first, or reads in the store. */
  resumed(log: 'memory' | 'store'): void;
  /** Says what of a run the store does not take, though it takes others. */
  unstored(lost: 'log' | 'texts' | 'all'): void;
}

export interface RunOrder extends Pick<SideRequest, 'requester' | 'headers' | 'path'> {
  /** The body of a Responses request, as a client sends it. Whatever its `stream` says, the answer is streamed into the log. */
  readonly body: JsonObject;
  readonly chat?: string | undefined;
  /** JSON of the front end that orders it, which is kept with the run. */
  readonly note?: JsonObject | undefined;
  /** It goes on though nobody reads it. */
  readonly isBackground?: boolean | undefined;
  /** Ends it where it aborts before the answer begins. Later that is for `cancel`. */
  readonly signal?: AbortSignal | undefined;
  /** Takes the headers that say who serves, once that is known: before the first event, or never. */
  readonly onHead?: ((headers: Readonly<Record<string, string>>) => void) | undefined;
  /** Facts that are found out: see `RoutedRequest`. */
  readonly asked?: { promptClass?: string; model?: string } | undefined;
}

/** Names one of the runs of a chat: by the id of its response, or by what the page called its message, which the note of the run has. */
export interface MeantRun {
  readonly id?: string | undefined;
  /** The page has chunks of it. */
  readonly isBegun?: boolean | undefined;
  readonly sentAs?: string | undefined;
}

export interface Runs {
  /** Does all that POST /v1/responses does. Resolves with a run that began to answer, or with what is wrong. */
  start(order: RunOrder): Promise<Run | HttpProblem>;
  /** Finds a run whose log is still there. `isBegun`: the client has events of it, so that it is waited for. */
  find(id: string, requester: Requester, isBegun?: boolean): Promise<Run | undefined>;
  /** Finds the run of that chat that is under way, or the one that ended last; one that is named, whatever came behind it. */
  findChat(chat: string, requester: Requester, meant?: MeantRun): Promise<Run | undefined>;
}
