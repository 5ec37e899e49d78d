// The runs of a side process: starts them, finds them here or in the store, and lets none be forgotten when it ends.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { JsonObject } from '../../../codecs/json/object.ts';
import { type HttpProblem, isProblem } from '../../http/problem.ts';
import type { Requester } from '../../ipc/side-request.ts';
import { withDeadline } from '../../platform/deadline.ts';
import type { ResponseRow } from '../store/contract/responses.ts';
import type { Store } from '../store/contract/store.ts';
import { type AskedResponse, type Asking, type AskMeans, askResponse, prepareResponse } from './ask.ts';
import { streamHeaders } from './call/answer-headers.ts';
import { ratedProblem } from './call/call-rates.ts';
import { canReadResponse, itemsIn, readEarlier } from './conversation/history.ts';
import { LiveRun } from './live-run.ts';
import { RunMemory } from './memory.ts';
import { endedState, objectIn, withOwnFields } from './response-object.ts';
import type { MeantRun, Run, RunCounts, RunOrder, Runs } from './run.ts';
import { GoneRuns } from './stored/gone.ts';
import { RunLease } from './stored/lease.ts';
import { looks, StoredRuns } from './stored/lookup.ts';
import { RunWriter } from './stored/writer.ts';
import type { Lost } from './stored/writer-part.ts';

interface RunHostOptions extends Omit<AskMeans, 'settled'> {
  readonly store: Store;
  readonly log: Logger;
  readonly metrics?: { readonly runs: RunCounts } | undefined;
}

type Beginning = Pick<RunOrder, 'signal' | 'onHead'>;

/** Time within which what a run came to is in the store. */
const BEHIND_MS = 200;
/** Time within which a message that has arrived leads to its run: one that has not is sent again later. */
const SENT_MS = 1000;
/** Runs of a chat that are looked through for one that is meant. */
const MANY = 10;
/** Time for a response in the background to be stored. */
const STORE_MS = 5000;
/** Time for runs to be written when the process ends. */
const WRITE_MS = 1000;

export class RunHost implements Runs {
  readonly #options: RunHostOptions;
  readonly #memory: RunMemory;
  readonly #stored: StoredRuns;
  readonly #counts: RunCounts;
  readonly #writer: RunWriter;
  readonly #lease: RunLease;

  constructor(options: RunHostOptions) {
    this.#options = options;
    const { store, holder, log, config, metrics: { runs: counts } = UNCOUNTED } = options;
    this.#memory = new RunMemory(() => config.runs);
    this.#counts = counts;
    const gone = new GoneRuns({ store, isHere: (id) => this.#memory.get(id) !== undefined });
    const known = (id: string) => this.#writer.known(id);
    this.#stored = new StoredRuns({ store, gone, processes: () => config.side.processes, known, counts, log });
    counts.watch(() => {
      const { running, all, bytes } = this.#memory;
      const readers = all.reduce((sum, run) => sum + run.readers, this.#stored.readers);
      return { running: running.length, readers, bytes };
    });
    this.#lease = new RunLease({
      ...{ store, holder, log },
      isNeeded: () => this.#memory.running.some(({ isStored }) => isStored),
      onMarks: (marks) => {
        for (const one of marks) this.#memory.get(one.id)?.marked(one);
      },
    });
    this.#writer = new RunWriter({
      ...{ store, log, prepare: this.#lease.hold, probe: this.#lease.renew },
      maxBytes: () => config.runs.totalBytes,
      onLost: (id) => this.#memory.get(id)?.lost(),
      onUnstored: (id, lost) => this.#unstored(id, lost),
    });
  }

  async start(order: RunOrder): Promise<Run | HttpProblem> {
    const { asked = {}, body, signal, onHead, ...request } = order;
    const made = await this.ask({ ...request, asked, parse: () => ({ body }), isRun: true });
    return isProblem(made) ? made : this.begin(made, { signal, onHead });
  }

  /** Checks a request and counts its call, which has to be made. */
  ask(asking: Asking): Promise<AskedResponse | HttpProblem> {
    return askResponse(asking, { ...this.#options, settled: this.settled });
  }

  /** Reads a request that is not answered. */
  prepare(asking: Asking): ReturnType<typeof prepareResponse> {
    return prepareResponse(asking, { ...this.#options, settled: this.settled });
  }

  /** Makes the call, with a log of its answer. */
  async begin(asked: AskedResponse, { signal, onHead = () => {} }: Beginning = {}): Promise<LiveRun | HttpProblem> {
    const { call, row, texts, response, abort, terms } = asked;
    const { config, log } = this.#options;
    // Keeps a run that has ended from holding its call, which has the whole conversation in it.
    const { classMaxTokens, dropped, rated } = call;
    const told = { classMaxTokens, dropped, rated };
    const run = new LiveRun({
      ...{ row: { ...row, isStreamed: true }, texts, response, abort, log },
      isStored: terms.mayStore && isLasting(row),
      limits: () => config.runs,
      writer: this.#writer,
      onHead: (head) => onHead(streamHeaders(head, told)),
      onGrown: () => this.#memory.grown(run),
      onResumed: () => this.#counts.resumed('memory'),
      onEnded: () => {
        this.#counts.ended(endedState(run.response));
        this.#memory.ended(run, isLasting(row));
      },
    });
    this.#memory.add(run);
    this.#counts.started();
    const begun = unlessStopped(run, signal, () => run.run(call));
    const problem = (await begun) ?? (row.isBackground ? await this.#written(run) : undefined);
    return problem === undefined ? run : ratedProblem(problem, call.rated);
  }

  /** Keeps a response that came as a whole. Returns it as the client gets it. */
  keep({ row, texts }: AskedResponse, answered: JsonObject): JsonObject {
    const response = withOwnFields(answered, row);
    if (row.isKept) {
      const ended = { ...row, state: endedState(response), endedAt: Date.now() };
      this.#writer.add({ ...ended, ...texts, result: JSON.stringify(response) });
    }
    return response;
  }

  async find(id: string, requester: Requester, isBegun = false): Promise<Run | undefined> {
    const live = this.#live(id, requester);
    if (live !== undefined) return live;
    const row = await this.#stored.row(id, requester, isBegun);
    return row && this.#stored.run(row);
  }

  async findChat(chat: string, requester: Requester, { id, isBegun, sentAs }: MeantRun = {}): Promise<Run | undefined> {
    const run = await (id === undefined ? this.#ofChat(chat, requester, sentAs) : this.find(id, requester, isBegun));
    return run?.chat === chat ? run : undefined;
  }

  /** Waits for one that is not known: whoever begins it may have yet to write it. */
  async #ofChat(chat: string, requester: Requester, sentAs: string | undefined): Promise<Run | undefined> {
    const waitMs = sentAs === undefined ? (this.#stored.isShared ? BEHIND_MS : 0) : SENT_MS;
    const others = new Set<string>();
    let run: Run | undefined;
    for await (const _ of looks(waitMs)) {
      run = await this.#knownOfChat(chat, requester, { sentAs, others });
      if (run !== undefined && (sentAs !== undefined || !run.isOver())) break;
    }
    return run;
  }

  /** `others`: ids of runs that were looked at, and are not the one that is meant. */
  async #knownOfChat(
    chat: string,
    requester: Requester,
    { sentAs, others }: { readonly sentAs: string | undefined; readonly others: Set<string> },
  ): Promise<Run | undefined> {
    const isMeant = (note: JsonObject | undefined) => sentAs === undefined || note?.sentAs === sentAs;
    const isOf = (row: ResponseRow) => row.chat === chat && canReadResponse(requester, row);
    const here = this.#memory.all.filter(({ row, note }) => isOf(row) && isMeant(note)).at(-1);
    const { store } = this.#options;
    const { secret, endUser } = requester;
    const owner = { key: requester.key ?? null, secret, endUser };
    const rows = await store.responsesOfChat(owner, chat, sentAs === undefined ? 1 : MANY);
    const isLater = ({ createdAt }: ResponseRow) => createdAt > (here?.startedAt ?? 0);
    const later = rows.filter((row) => isOf(row) && isLater(row) && !others.has(row.id));
    const notes = sentAs === undefined ? {} : await store.responseNotes(later.map(({ id }) => id));
    const row = later.find(({ id }) => isMeant(notes[id]));
    if (row !== undefined) return this.#memory.get(row.id) ?? this.#stored.run(row);
    for (const { id } of later) others.add(id);
    return here;
  }

  /** Finds the response object as it is known now. */
  async response(id: string, requester: Requester): Promise<JsonObject | undefined> {
    const live = this.#live(id, requester);
    if (live !== undefined) return live.response;
    let row = await this.#stored.row(id, requester);
    // A client that has seen its end at the process which runs it is not told here that it still runs.
    if (row !== undefined && row.endedAt === undefined) {
      await delay(BEHIND_MS, undefined, { ref: false });
      row = await this.#stored.row(id, requester);
    }
    const texts = row && (await this.#options.store.responseTexts([id]))[id];
    if (row === undefined || texts === undefined) return undefined;
    const response = objectIn(texts.result);
    return { ...response, ...(response.status === 'queued' && { status: row.state }) };
  }

  /** Finds the items that a response answers, those of the conversation before it included. */
  async inputItems(id: string, requester: Requester): Promise<readonly JsonObject[] | HttpProblem | undefined> {
    const { store } = this.#options;
    const live = this.#live(id, requester);
    const row = live?.row ?? (await this.#stored.row(id, requester));
    const texts = live?.texts ?? (row && (await store.responseTexts([id]))[id]);
    if (row === undefined || texts === undefined) return undefined;
    const own = itemsIn(texts.input);
    if (row.previous === undefined) return own;
    const earlier = await readEarlier(row.previous, { ...this.#options, requester, settled: this.settled });
    return isProblem(earlier) ? earlier : [...earlier.items, ...own];
  }

  /** Removes a response with its log, and ends it where it runs. False where there is none. */
  async delete(id: string, requester: Requester): Promise<boolean> {
    const live = this.#live(id, requester);
    if (live !== undefined) await live.cancel();
    await this.settled(id);
    const row = await this.#stored.row(id, requester);
    if (live !== undefined) this.#memory.forget(live);
    return row === undefined ? live !== undefined : this.#options.store.deleteResponse(id, Date.now());
  }

  /** Nobody is there to see a response in the background die with its process: its id is given out when it is in the store. */
  async #written(run: LiveRun): Promise<HttpProblem | undefined> {
    try {
      await withDeadline(this.#writer.known(run.id), STORE_MS);
      return undefined;
    } catch {
      void run.cancel();
      return notStoredNow;
    }
  }

  #live(id: string, requester: Requester): LiveRun | undefined {
    const live = this.#memory.get(id);
    return live?.isAnnounced && isLasting(live.row) && canReadResponse(requester, live.row) ? live : undefined;
  }

  /** A run that the store does not take goes on for those who read it. */
  #unstored(id: string, lost: Lost): void {
    this.#options.log.error({ run: id, lost }, 'the store does not take a run: the rest of it is kept');
    this.#counts.unstored(lost);
    const run = this.#memory.get(id);
    if (run !== undefined && !run.isOver()) run.cut();
  }

  /** Resolves when what is known here of a response that has ended is in the store; soon, where the store takes nothing. */
  readonly settled = async (id: string): Promise<void> => {
    const live = this.#memory.get(id);
    if (live !== undefined && !live.isOver()) await withDeadline(live.ended, WRITE_MS).catch(() => {});
    await withDeadline(this.#writer.flush(id), WRITE_MS).catch(() => {});
  };

  /** Ends the runs of keys that are over, to which nobody can come back. */
  endOf(keys: readonly string[]): void {
    for (const run of this.#memory.running) if (keys.includes(run.row.key ?? '')) void run.cancel();
  }

  /** Ends runs of processes that are gone. */
  endLost(): Promise<number> {
    return this.#stored.endLost();
  }

  /** Lets runs end, for as long as that. Those that are left end with the calls of the router. */
  async drain(graceMs: number): Promise<void> {
    await withDeadline(this.#memory.whenIdle(), graceMs).catch(() => {});
  }

  /** Writes what is left, after all calls have ended. */
  async close(): Promise<void> {
    await withDeadline(this.#memory.whenIdle(), WRITE_MS).catch(() => {});
    await this.#writer.close(WRITE_MS);
    await this.#lease.release().catch(() => {});
    this.#memory.close();
  }
}

/** Waits for a run to begin, and ends it where its client wants it no more. */
async function unlessStopped<Result>(
  run: LiveRun,
  signal: AbortSignal | undefined,
  begin: () => Promise<Result>,
): Promise<Result> {
  const stop = (): void => void run.cancel();
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  return begin().finally(() => signal?.removeEventListener('abort', stop));
}

/** Tells whether a run is for whoever comes back to it, too; another one is for the client alone that asked. */
const isLasting = ({ isKept, isBackground, chat }: ResponseRow): boolean =>
  isKept || isBackground || chat !== undefined;

const UNCOUNTED = { runs: { watch() {}, started() {}, ended() {}, resumed() {}, unstored() {} } };

const notStoredNow: HttpProblem = {
  status: 503,
  code: 'store_unavailable',
  message: 'the store takes nothing at the moment, so nothing runs in the background',
  retryAfterS: 5,
};
