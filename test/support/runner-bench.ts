// A runner on a real store with a scripted LLM gateway behind it, for tests.

import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Task } from '../../server/ipc/stored-rows.ts';
import type { Call } from '../../server/side/llm/call.ts';
import type { Failure } from '../../server/side/llm/failure.ts';
import type { Store } from '../../server/side/store/contract/store.ts';
import { openStore } from '../../server/side/store/open.ts';
import { RETRY_POLICY } from '../../server/side/tasks/outcome.ts';
import { Runner, type RunnerOptions } from '../../server/side/tasks/runner.ts';
import { type LlmGateway, type LlmGatewayOptions, llmGateway } from './llm-gateway.ts';
import { plainRouter } from './plain-router.ts';
import { sideConfig } from './task-records.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { until } from './until.ts';

/** Answer that fits a `title`. */
export const good = '{"title":"Changing a booking"}';
const quick = { ...RETRY_POLICY, firstDelayMs: 5, maxDelayMs: 20, maxWaitMs: 20 };

export interface RunnerBench {
  readonly store: Store;
  readonly gateway: LlmGateway;
  readonly lines: string[];
  /** Starts a runner on the store and the gateway. */
  run(options?: Partial<RunnerOptions> & { before?: (call: Call) => Failure | undefined }): Runner;
  /** Resolves with the task once it is neither queued nor running. */
  settled(id?: string): Promise<Task>;
}

/** Makes a store with an empty queue and a scripted LLM gateway. Everything started with them ends after the test. */
export async function runnerBench(
  script: LlmGatewayOptions = { behaviour: { text: good } },
  settings = {},
): Promise<RunnerBench> {
  const store = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('runner') });
  const gateway = await llmGateway(script);
  // The last one started is closed first.
  onTestFinished(() => store.close());
  onTestFinished(() => gateway.close());
  const config = sideConfig({
    side: { pollMs: 20 },
    tasks: [{ kind: 'title', class: 'plain', maxAttempts: 3 }],
    ...settings,
  });
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  return {
    store,
    gateway,
    lines,
    run({ before, ...options } = {}) {
      const router = plainRouter({ baseUrl: gateway.baseUrl, ...(before ? { before } : {}) });
      const runner = new Runner({ config, store, router, log, retryPolicy: quick, ...options });
      onTestFinished(async () => {
        await runner.close(50);
        await router.close();
      });
      return runner;
    },
    settled: (id = 'task-1') =>
      until(async () => {
        const task = await store.task(id);
        return task !== undefined && task.state !== 'queued' && task.state !== 'running' && task;
      }),
  };
}
