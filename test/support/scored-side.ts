// A side path whose classes score samples of their answers, over scripted LLM gateways and on a store of its own.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../server/config/load.ts';
import type { LedgerRow } from '../../server/ipc/stored-rows.ts';
import { newId } from '../../server/platform/uuid-v7.ts';
import { OwnBudgets } from '../../server/side/billing/budgets/own-budgets.ts';
import { createPrices } from '../../server/side/billing/prices.ts';
import { refusalRows, withRefusalRows } from '../../server/side/llm/attempt/refusal.ts';
import { type LiveRouter, startLeasing } from '../../server/side/llm/router.ts';
import { allSteps } from '../../server/side/llm/steps/all.ts';
import type { Store } from '../../server/side/store/contract/store.ts';
import { openStore } from '../../server/side/store/open.ts';
import { createTracedRouter } from '../../server/side/telemetry/call-spans.ts';
import { createSideMetrics } from '../../server/side/telemetry/metrics.ts';
import { configFile } from './config-file.ts';
import type { LlmGateway } from './llm-gateway.ts';
import { at, gateway } from './routing.ts';
import { startSideHttp, type TestSide } from './side-http.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { until } from './until.ts';

interface ScoredSide extends TestSide {
  readonly store: Store;
  readonly router: LiveRouter;
  readonly steps: ReturnType<typeof allSteps>;
  readonly answers: LlmGateway;
  readonly judge: LlmGateway;
  /** Number of scores that ended so. */
  scored(outcome: 'scored' | 'failed' | 'dropped'): Promise<number>;
  /** Rows, the oldest first, once none is pending. */
  rows(): Promise<readonly LedgerRow[]>;
}

interface ScoredSideOptions {
  /** Settings of the class of answers, `chat`, and of that which scores, `scoring`. */
  readonly chat?: object;
  readonly scoring?: object;
  readonly file?: Record<string, unknown>;
  readonly judge?: Parameters<typeof gateway>[0];
  readonly store?: (store: Store) => Store;
}

/** Answers by `small` and `large` cost money; a score is 0.4, of everything, unless `judge` says otherwise. */
export async function startScoredSide(options: ScoredSideOptions = {}): Promise<ScoredSide> {
  const answers = await gateway({ behaviour: { text: 'It is in Oslo.', pieces: 1 } });
  const judge = await gateway(options.judge ?? { behaviour: { text: '{"score":0.4}' } });
  const file = {
    gateways: { answers: at(answers), judge: at(judge) },
    classes: {
      chat: {
        targets: [{ gateway: 'answers', model: 'small' }],
        quality: { sample: 1, class: 'scoring', rubric: 'Names of cities count.' },
        ...options.chat,
      },
      scoring: { targets: [{ gateway: 'judge', model: 'judge' }], ...options.scoring },
    },
    prices: { small: { input: 1, output: 1 }, judge: { input: 1, output: 1 } },
    keys: [{ id: 'app', secret: 'app-secret' }],
    ...options.file,
  };
  const data = mkdtempSync(join(temporaryFolder('scored'), 'data-'));
  const config = loadConfig({ file: configFile(file), data, env: {} });
  const opened = await openStore({ url: 'sqlite', dataDirectory: data });
  const store = options.store?.(opened) ?? opened;
  const log = pino({ level: 'silent' });
  const metrics = createSideMetrics();
  const shared = { config, store, log, metrics, ownBudgets: new OwnBudgets({ config, store }) };
  const prices = createPrices(config.prices);
  const leasing = startLeasing({ ...shared, holder: newId() });
  const steps = allSteps({ ...shared, router: () => router });
  const calls = { ...shared, prices, leasing, rehearsalUrl: () => undefined, closeMs: 5000 };
  const router: LiveRouter = withRefusalRows(
    createTracedRouter({ ...calls, steps }, { tracer: undefined }),
    refusalRows(shared),
  );
  const side = await startSideHttp({ file, store, router });
  onTestFinished(async () => {
    steps.stop();
    await side.close();
    await router.close();
    await opened.close();
  });
  return {
    ...side,
    ...{ store, router, steps, answers, judge },
    async scored(outcome) {
      const metric = await metrics.registry.getSingleMetric('trunkline_answer_scores_total')?.get();
      return metric?.values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
    },
    async rows() {
      const rows = async () => (await store.ledger({ limit: 1000 })).toReversed();
      return until(async () => ((await rows()).some(({ outcome }) => outcome === 'pending') ? undefined : rows()));
    },
  };
}
