// Answers equal calls of a class from memory. Rule: only whole and good answers are kept, none to regulated text, and none longer than its class
// says; a hit has a row of its own, which says what it saved.

import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import { type JsonObject, parseJson } from '../../../../codecs/json/object.ts';
import { millisecondsOf } from '../../../../codecs/text/duration.ts';
import type { ClassConfig } from '../../../config/side/llm-schema.ts';
import type { LedgerRow } from '../../../ipc/stored-rows.ts';
import { newId } from '../../../platform/uuid-v7.ts';
import { SettlementWriter } from '../../billing/settlement.ts';
import type { Store } from '../../store/contract/store.ts';
import { isMisfit } from '../answer/verdict.ts';
import type { Answered, CacheUse, Call, Router, StreamSink } from '../call.ts';
import { type KeptAnswer, KeptAnswers } from './cache/kept-answers.ts';
import { cacheKeyOf } from './cache/key.ts';
import { CachedStream } from './cache/stream.ts';
import type { MakeStep } from './steps.ts';

export interface AnswerCachesOptions {
  readonly store: Pick<Store, 'settle'>;
  readonly log: Logger;
  readonly metrics: { readonly registry: Registry };
}

interface ClassCache {
  readonly name: string;
  readonly config: NonNullable<ClassConfig['cache']>;
  readonly kept: KeptAnswers;
}

/** The caches of all classes of a process. */
export class AnswerCaches {
  readonly #settlements: SettlementWriter;
  readonly #lookups: Counter<'class' | 'result'>;
  /** By class. */
  readonly #kept = new Map<string, KeptAnswers>();

  constructor({ store, log, metrics: { registry } }: AnswerCachesOptions) {
    this.#settlements = new SettlementWriter({ store, log });
    this.#lookups = new Counter({
      name: 'trunkline_cache_lookups_total',
      help: 'calls of classes that keep answers, by class and what the cache did: hit, miss, or bypass where it was not asked',
      labelNames: ['class', 'result'],
      registers: [registry],
    });
    const kept = this.#kept;
    new Gauge({
      name: 'trunkline_cache_bytes',
      help: 'memory of the answers that are kept, by class',
      labelNames: ['class'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [name, { bytes }] of kept) this.set({ class: name }, bytes);
      },
    });
  }

  /** A configuration that comes into force begins with nothing kept: it may allow less. */
  readonly make: MakeStep = ({ name, config: { cache: config } }) => {
    this.#kept.get(name)?.close();
    this.#kept.delete(name);
    if (config === undefined) return undefined;
    const { ttl, maxBytes, maxAnswers } = config;
    const kept = new KeptAnswers({ ttlMs: millisecondsOf(ttl), maxBytes, maxAnswers });
    this.#kept.set(name, kept);
    for (const result of ['hit', 'miss', 'bypass']) this.#lookups.inc({ class: name, result }, 0);
    return (call, sink, next) => this.#run({ name, config, kept }, { call, sink, next });
  };

  /** Drops what these keys of the gateway have paid for: they were changed, revoked or deleted. */
  forget(keys: readonly string[]): void {
    const ids = new Set(keys);
    for (const kept of this.#kept.values()) kept.forget(ids);
  }

  /** Drops all, and resolves when the rows of hits are written, or after `patienceMs`. */
  async close(patienceMs: number): Promise<void> {
    for (const kept of this.#kept.values()) kept.close();
    await this.#settlements.close(patienceMs);
  }

  async #run(
    { name, config, kept }: ClassCache,
    { call, sink, next }: { call: Call; sink: StreamSink | undefined; next: Router['run'] },
  ): ReturnType<Router['run']> {
    const { noCache = false, noStore = false, maxAgeMs } = call.cacheControl ?? {};
    const isApt = mayCache(call);
    const key = isApt && !(noCache && noStore) ? cacheKeyOf(call, config.shared) : undefined;
    const found = key === undefined || noCache ? undefined : kept.get(key, maxAgeMs);
    const state = found !== undefined ? 'hit' : isApt && !noCache ? 'miss' : 'bypass';
    this.#lookups.inc({ class: name, result: state });
    if (found !== undefined) return this.#hit(call, sink, found);
    const cache: CacheUse = { state };
    const rows: LedgerRow[] = [];
    const isKept = key !== undefined && !noStore;
    const stream = sink && new CachedStream({ sink, cache, maxBytes: isKept ? kept.longestBytes : 0 });
    const onRow = isKept ? (row: LedgerRow) => void rows.push(row) : undefined;
    const result = await next({ ...call, onRow }, stream);
    if (result.kind === 'failed') return result;
    const row = rows.find(({ id }) => id === result.attempt);
    const body = stream === undefined ? bytesOf(result) : stream.bytes;
    if (isKept && row !== undefined && body !== undefined && isGood(result, call))
      kept.keep(key, { ...partsOf(result), body: ownCopy(body), row, savedMicroUsd: sumOf(rows) });
    return { ...result, cache };
  }

  async #hit(
    call: Call,
    sink: StreamSink | undefined,
    { answer, ageMs }: { readonly answer: KeptAnswer; readonly ageMs: number },
  ): Promise<Answered> {
    const startedAt = performance.now();
    const { body, row: kept, addedMaxTokens } = answer;
    const cache: CacheUse = { state: 'hit', ageMs };
    const { gateway } = kept;
    const row = rowOf(call, answer, ageMs);
    if (sink !== undefined) {
      sink.asked();
      sink.begin({ attempt: row.id, gateway, model: answer.served ?? '', addedMaxTokens, cache });
      sink.write(body);
    }
    const settlement = { row: { ...row, latencyMs: tookMs(startedAt) }, budgets: [], reservedMicroUsd: 0 };
    // Tasks are scored by their row.
    if (call.kind === 'task') await this.#settlements.settle(settlement);
    else this.#settlements.settleLater(row.id, () => settlement);
    const whole =
      sink === undefined ? { completion: parseJson(body.toString()) as JsonObject, bytes: body } : undefined;
    return {
      ...{ kind: 'answered', completion: {}, ...whole, ...partsOf(answer) },
      ...{ attempt: row.id, gateway, isRehearsal: kept.isRehearsal === true, costUsd: 0, usage: NOTHING, cache },
    };
  }
}

const NOTHING = { inputTokens: 0, outputTokens: 0 };

const tookMs = (startedAt: number): number => Math.round((performance.now() - startedAt) * 10) / 10;

/** Regulated text is kept nowhere, tools that the provider runs find other things each time, and a compaction is for its own conversation. */
const mayCache = ({ dataClass, llm: { native } }: Call): boolean =>
  dataClass !== 'regulated' && native?.hostedTools === undefined && native?.form !== 'compactions';

const WHOLE_ENDS: readonly unknown[] = ['stop', 'tool_calls', 'function_call'];
const SAYS_NOTHING: readonly unknown[] = ['embeddings', 'moderations', 'count_tokens'];

/** An answer that came to its end, has the form that was asked for, and that no verdict was passed on. */
function isGood(answer: Answered, call: Call): boolean {
  if (answer.verdict !== undefined || answer.checked?.isBlocked) return false;
  if (SAYS_NOTHING.includes(call.llm.native?.form)) return true;
  return WHOLE_ENDS.includes(answer.finish) && !isMisfit(answer, call);
}

const bytesOf = ({ bytes, completion }: Answered): Buffer => bytes ?? Buffer.from(JSON.stringify(completion));

/** A slice would hold the memory of all that it was received with. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

const partsOf = ({ text, served, provider, finish, addedMaxTokens }: Answered | KeptAnswer) => ({
  ...{ text, served, provider, finish, addedMaxTokens },
});

/** The cost of all attempts of a call and, where its class knows a strong target, what they had saved against that one. undefined: a cost is not known. */
const sumOf = (rows: readonly LedgerRow[]): number | undefined =>
  rows.reduce<number | undefined>(
    (sum, { costMicroUsd: cost, savedMicroUsd: saved = 0 }) =>
      sum === undefined || cost === undefined ? undefined : sum + cost + saved,
    0,
  );

/** The row of a hit names the target whose answer it is, under the terms of that time. */
function rowOf(call: Call, { row, savedMicroUsd }: KeptAnswer, ageMs: number): LedgerRow {
  const { kind, session, task, response, key, team, promptClass, dataClass, endUser, tags, trace, marks } = call;
  const { target, path, gateway, asked, served, provider, retention, residency, isRehearsal } = row;
  return {
    id: newId(),
    at: Date.now(),
    ...{ kind, session, task, response, key, team, promptClass, dataClass, endUser, tags, trace: trace?.traceId },
    ...marks,
    ...{ target, path, gateway, asked, served, provider, retention, residency, isRehearsal },
    tried: [],
    usage: NOTHING,
    estimatedMicroUsd: 0,
    costMicroUsd: 0,
    costSource: 'cached',
    isFlagged: marks?.flags !== undefined,
    outcome: 'ok',
    why: `answered by the cache, kept ${Math.floor(ageMs / 1000)} s ago`,
    savedMicroUsd,
  };
}
