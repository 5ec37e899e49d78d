// A run of this process: takes the answer as it streams, and gives it to the log, and to the store. It goes on without readers, for a while.
// Rule: a log that has begun ends with an event that says how, whatever happens.

import type { Logger } from 'pino';
import type { JsonObject } from '../../../codecs/json/object.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import { chatError, type HttpProblem } from '../../http/problem.ts';
import { tokensOf } from '../../ipc/limits.ts';
import { faultOf } from '../../platform/log.ts';
import type { Answered, StreamHead, StreamSink } from '../llm/call.ts';
import { type Failure, failure } from '../llm/failure.ts';
import type { ResponseMarks, ResponseRow, ResponseTexts } from '../store/contract/responses.ts';
import type { ClientCall } from './call/client-call.ts';
import { failureProblem } from './call/failure-problem.ts';
import { RunEventReader } from './event-reader.ts';
import { RunLog } from './log.ts';
import { endedState, type OwnFields } from './response-object.ts';
import type { Run, RunEvent, RunReader } from './run.ts';
import { RUN_LOST } from './stored/gone.ts';
import type { RunWriter } from './stored/writer.ts';

/** Time that a target has for its first content after its 200, before the run begins without it. */
const HEAD_WAIT_MS = 1000;

interface LiveRunOptions {
  /** The row as it is when the run begins. */
  readonly row: ResponseRow;
  readonly texts: ResponseTexts;
  /** The response as it is when nothing is known of it. */
  readonly response: JsonObject;
  /** False where nothing of it may be stored. */
  readonly isStored: boolean;
  /** Ends the call. */
  readonly abort: AbortController;
  readonly limits: () => SideConfig['runs'];
  readonly writer: RunWriter;
  readonly onHead: (head: StreamHead) => void;
  /** Called when its log in memory has grown, or has become less, and when somebody begins to read it, or nobody does any more. */
  readonly onGrown: () => void;
  readonly onEnded: () => void;
  /** Called when somebody begins to read it who is not the first. */
  readonly onResumed: () => void;
  readonly log: Logger;
}

export class LiveRun implements Run, StreamSink {
  readonly #options: LiveRunOptions;
  readonly #events: RunEventReader;
  readonly #log = new RunLog({
    onReaders: () => {
      this.#watchReaders();
      this.#options.onGrown();
    },
    onFault: (error) => this.#options.log.error(faultOf(error), 'a reader of a run failed'),
  });
  readonly #opening = Promise.withResolvers<HttpProblem | undefined>();
  readonly #ending = Promise.withResolvers<void>();
  #head: StreamHead | undefined;
  #isAnnounced = false;
  #isOpen = false;
  #isCancelled = false;
  #wasRead = false;
  /** Somebody else has ended its log in the store. */
  #isLost = false;
  #headTimer: NodeJS.Timeout | undefined;
  #orphanTimer: NodeJS.Timeout | undefined;

  constructor(options: LiveRunOptions) {
    this.#options = options;
    const { id, previous, isKept, isBackground } = options.row;
    const own: OwnFields = { id, previous, isKept, isBackground };
    this.#events = new RunEventReader(own);
  }

  get id(): string {
    return this.#options.row.id;
  }

  get chat(): string | undefined {
    return this.#options.row.chat;
  }

  get note(): JsonObject | undefined {
    return this.#options.texts.note;
  }

  get startedAt(): number {
    return this.#options.row.createdAt;
  }

  get isStreamed(): boolean {
    return true;
  }

  get row(): ResponseRow {
    return this.#options.row;
  }

  get texts(): ResponseTexts {
    return this.#options.texts;
  }

  /** The store has it, or is to have it. */
  get isStored(): boolean {
    return this.#options.isStored && this.#isAnnounced && !this.#isLost;
  }

  /** Memory that it takes while it is to be found: its texts, and its log. */
  get heldBytes(): number {
    const { input, result } = this.texts;
    return input.length + result.length + this.#log.heldBytes;
  }

  /** Bytes of its log in memory. */
  get logBytes(): number {
    return this.#log.heldBytes;
  }

  /** Its log is not kept whole. */
  get isCut(): boolean {
    return this.#log.isCut;
  }

  /** It may be found: one of a chat from the time at which a target is asked, another one from the beginning of its answer. */
  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** Resolves when the log has its last event, or when there was none. */
  get ended(): Promise<void> {
    return this.#ending.promise;
  }

  /** The response as it is known now. */
  get response(): JsonObject {
    const { response } = this.#options;
    const known = this.#events.response ?? response;
    return this.#log.isOver || this.#events.hasEnded
      ? known
      : { ...known, status: this.#log.next === 0 ? response.status : 'in_progress' };
  }

  /** Those that read it now. */
  get readers(): number {
    return this.#log.readers;
  }

  isOver(): boolean {
    return this.#log.isOver;
  }

  async reaches(sequence: number): Promise<boolean> {
    return sequence < this.#log.next;
  }

  read(after: number, reader: RunReader): () => void {
    if (this.#wasRead) this.#options.onResumed();
    this.#wasRead = true;
    return this.#log.read(after, reader);
  }

  async cancel(): Promise<void> {
    if (this.#log.isOver) return;
    this.#isCancelled = true;
    this.#options.abort.abort();
    await this.#ending.promise;
  }

  /** Ends it here, too, after somebody else has ended it in the store: its process was taken for gone. */
  lost(): void {
    this.#isLost = true;
    void this.cancel();
  }

  /** Makes the call. Resolves with what is wrong where it came to no answer, once that is known: undefined when the run has begun. */
  run(asked: ClientCall): Promise<HttpProblem | undefined> {
    void asked.router
      .run(asked.call, this)
      .catch((error: unknown) => {
        this.#options.log.error(faultOf(error), 'run failed unexpectedly');
        return failure('upstream_failed', 'an unexpected fault');
      })
      .then((outcome) => {
        // An answer that broke off has used nobody knows how much.
        asked.rated.ended(outcome.kind !== 'failed' ? tokensOf(outcome.usage) : this.#head ? undefined : 0);
        this.#end(outcome);
      });
    return this.#opening.promise;
  }

  /** Takes what other processes want of it. */
  marked({ cancelledAt, readAt }: ResponseMarks): void {
    if (cancelledAt !== undefined) void this.cancel();
    const left = readAt === undefined ? 0 : readAt + this.#options.limits().orphanMs - Date.now();
    if (left > 0 && this.#log.readers === 0) this.#watchReaders(left);
  }

  /** Does not keep its log as a whole any longer: so many bytes of it at most, for those who read it. */
  cut(maxBytes = this.#options.limits().maxBytes): void {
    const { writer, onGrown } = this.#options;
    if (!this.#log.isCut && this.isStored && !this.#log.isOver) writer.change({ id: this.id, isCut: true });
    this.#log.cut(maxBytes);
    onGrown();
  }

  /** A call that policy or a budget refuses comes to nothing that is kept: its client is told, and it costs nobody anything. */
  asked(): void {
    if (this.row.isBackground) this.#open();
    else if (this.chat !== undefined) this.#announce();
  }

  opened(): void {
    this.#headTimer ??= setTimeout(() => this.#open(), HEAD_WAIT_MS);
  }

  comment(): void {}

  begin(head: StreamHead): void {
    this.#head = head;
    this.#options.onHead(head);
    this.#open();
  }

  write(bytes: Buffer): void {
    this.#append(this.#events.push(bytes));
  }

  #announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    const { row, texts, writer } = this.#options;
    if (this.isStored) writer.add({ ...row, ...texts });
  }

  #open(): void {
    clearTimeout(this.#headTimer);
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#announce();
    this.#watchReaders();
    this.#opening.resolve(undefined);
  }

  #append(events: readonly RunEvent[]): void {
    if (events.length === 0) return;
    const { row, writer, limits, onGrown } = this.#options;
    const [{ isStored }, { response }] = [this, this.#events];
    if (isStored && this.#log.next === 0 && row.state === 'queued')
      writer.change({ id: row.id, state: 'in_progress', ...(response && { result: JSON.stringify(response) }) });
    const isWritten = !isStored || this.#log.isCut || writer.append(row.id, events);
    this.#log.append(events);
    onGrown();
    if (this.#log.isCut || !isWritten || this.#log.totalBytes > limits().maxBytes) this.cut();
    if (this.#events.hasEnded) this.#close();
  }

  #end(outcome: Answered | Failure): void {
    clearTimeout(this.#headTimer);
    if (!this.#isOpen && outcome.kind === 'failed') this.#opening.resolve(failureProblem(outcome, Date.now()));
    else this.#open();
    // Readers that found it by its chat are told, too, what became of it.
    this.#append(this.#lastEvents(outcome));
    this.#close();
  }

  /** Ends the log, whose last event is there, or which has none. */
  #close(): void {
    if (this.#log.isOver) return;
    const { writer, row, onEnded } = this.#options;
    const { response } = this;
    if (this.isStored)
      writer.change({ id: row.id, state: endedState(response), endedAt: Date.now(), result: JSON.stringify(response) });
    this.#log.end();
    clearTimeout(this.#orphanTimer);
    this.#ending.resolve();
    onEnded();
  }

  /** The events that are missing at the end of the log. */
  #lastEvents(outcome: Answered | Failure): readonly RunEvent[] {
    if (this.#events.hasEnded) return [];
    const problem = outcome.kind === 'failed' ? failureProblem(outcome, Date.now()) : noEnd;
    if (!this.#isCancelled) {
      const written = this.#head?.failed?.(chatError(problem));
      const events = written === undefined ? [] : this.#events.push(written);
      if (this.#events.hasEnded) return events;
    }
    const fault = this.#isLost ? RUN_LOST : this.#isCancelled ? undefined : problem;
    return this.#events.end(fault, this.#options.response);
  }

  /** Begins to wait where nobody reads. */
  #watchReaders(ms = this.#options.limits().orphanMs): void {
    clearTimeout(this.#orphanTimer);
    if (this.row.isBackground || this.#log.readers > 0 || this.#log.isOver) return;
    this.#orphanTimer = setTimeout(() => void this.cancel(), ms).unref();
  }
}

const noEnd: HttpProblem = { status: 502, code: 'upstream_failed', message: 'the answer broke off' };
