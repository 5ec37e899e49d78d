// Tests that tasks end exactly once, whatever happens to the processes that run them. TRUNKLINE_LONG=1 runs many more rounds.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isSampled } from '../../../../server/side/prompts/scoring.ts';
import type { Store } from '../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { type LlmGateway, llmGateway } from '../../../support/llm-gateway.ts';
import { postgresForTests } from '../../../support/postgres.ts';
import { seededRandom } from '../../../support/random.ts';
import { POISON, queuedTask } from '../../../support/task-records.ts';
import type { WorkerOptions } from '../../../support/task-worker.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const scale = isLong ? { tasks: 10_000, kills: 200, stops: 100 } : { tasks: 300, kills: 8, stops: 2 };
console.info(`tasks whose runners are killed: ${isLong ? 'long' : 'CI'} mode, ${JSON.stringify(scale)}`);

const postgres = await postgresForTests();
const program = fileURLToPath(new URL('../../../support/task-worker.ts', import.meta.url));
const good = '{"title":"A title"}';
const score = '{"criteria":[{"name":"clarity","score":1,"reason":"short"}],"overall":1}';

interface Worker {
  readonly process: ChildProcess;
  readonly said: Set<string>;
  readonly ended: Promise<void>;
}

function worker(options: WorkerOptions): Worker {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = new Set<string>();
  child.stdout.on('data', (data: Buffer) => {
    for (const word of data.toString().trim().split('\n')) said.add(word);
  });
  return { process: child, said, ended: new Promise((resolve) => child.on('exit', () => resolve())) };
}

async function end({ process: child, ended }: Worker): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

/** Fails, hangs and loses answers as networks and models do, and gives one answer in ten that does not fit. */
function unreliable(seed: number): Promise<LlmGateway> {
  return llmGateway({
    seed,
    shares: { failing: 0.3, lost: 0.1, idle: 0.01 },
    // Requests with two messages are no repairs; a bad answer to a repair would fail the task.
    script({ number, body: { messages } }) {
      if (number % 10 === 0 && messages.length === 2) return { text: 'Sorry?' };
      return { text: messages[0].content.startsWith('Score the result') ? score : good };
    },
    effectOf: ({ headers }) => String(headers['x-task']),
    keep: 1,
  });
}

/** Counts the outcomes written of each task: a message goes with every outcome, in its transaction. */
async function outcomes(store: Store): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (;;) {
    const messages = await store.claimDeliveries({ now: Date.now(), leaseUntil: Date.now() + 3_600_000, count: 1000 });
    for (const { body } of messages) {
      const { id } = JSON.parse(body).data;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    if (messages.length === 0) return counts;
  }
}

test('every task ends exactly once while processes are killed again and again, and one that kills its process ends dead', {
  timeout: isLong ? 3_600_000 : 300_000,
}, async () => {
  const place = { url: 'sqlite', dataDirectory: temporaryFolder('kills') };
  const before = await openStore(place);
  const ids = Array.from({ length: scale.tasks }, (_, index) => `task-${index}`);
  for (const id of ids) await before.addTask(queuedTask({ id }));
  const poison = { text: POISON };
  await before.addTask(queuedTask({ id: 'poison', kind: 'summary', runAt: 1, input: JSON.stringify(poison) }));
  await before.close();
  const gateway = await unreliable(7);
  const random = seededRandom(11);
  const options = { place, baseUrl: gateway.baseUrl, leaseMs: 1000, timeoutMs: 300, concurrency: 16, scored: 0.2 };

  let kills = 0;
  let current = worker(options);
  while (kills < scale.kills || !current.said.has('idle')) {
    const isReady = await Promise.race([until(() => current.said.has('ready')), current.ended]);
    const isKilled = isReady === true && kills < scale.kills;
    if (isKilled) await new Promise((resolve) => setTimeout(resolve, 5 + random.below(isLong ? 1500 : 400)));
    else await Promise.race([until(() => current.said.has('idle')), current.ended]);
    if (!isKilled && current.said.has('idle')) break;
    if (isKilled) kills++;
    await end(current);
    current = worker(options);
  }
  await end(current);
  await gateway.close();

  const after = await openStore(place);
  expect(await after.task('poison')).toMatchObject({ state: 'dead', attempts: 4 });
  const ended = await Promise.all(ids.map((id) => after.task(id)));
  expect(ended.filter((task) => task?.state !== 'done').map((task) => [task?.id, task?.state, task?.error])).toEqual(
    [],
  );
  expect(ended.every((task) => task?.result === good)).toBe(true);
  const drawn = ids.filter((id) => isSampled(id, { kind: 'quality', sample: 0.2 }));
  const scores = await Promise.all(drawn.map((id) => after.task(`${id}.quality`)));
  expect(scores.every((task) => task?.state === 'done' && task.result === score)).toBe(true);
  const written = await outcomes(after);
  expect(written.size).toBe(scale.tasks + drawn.length + 1);
  expect([...written].filter(([, count]) => count !== 1)).toEqual([]);
  // The gateway did the work more often: at least once is not once.
  expect(gateway.count.effects).toBeGreaterThan(scale.tasks);
  await after.close();
});

test.skipIf(postgres === undefined)(
  'a runner that is stopped past its lease and goes on writes nothing: no double effects',
  { timeout: isLong ? 1_800_000 : 120_000 },
  async () => {
    const place = { url: (await postgres?.database()) ?? '', dataDirectory: temporaryFolder('stops') };
    const store = await openStore(place);
    const gateway = await llmGateway({
      effectOf: ({ headers }) => String(headers['x-task']),
      behaviour: { text: good },
    });
    const options = { place, baseUrl: gateway.baseUrl, leaseMs: 300, timeoutMs: 60_000, concurrency: 4 };
    const [first, second] = [worker(options), worker(options)];
    await until(() => first.said.has('ready') && second.said.has('ready'));
    second.process.kill('SIGSTOP');

    for (let round = 0; round < scale.stops; round++) {
      const id = `round-${round}`;
      const asked = () => gateway.effects.get(id) ?? 0;
      gateway.change({ behaviour: { text: '{"title":"first"}', delayMs: 150 } });
      await store.addTask(queuedTask({ id }));
      // The first runner is stopped while it waits for an answer, and finds the answer when it goes on.
      await until(async () => (await store.task(id))?.state === 'running');
      await until(() => gateway.count.open > 0);
      first.process.kill('SIGSTOP');
      await until(() => asked() >= 1);
      gateway.change({ behaviour: { text: '{"title":"second"}' } });
      second.process.kill('SIGCONT');
      const done = await until(async () => {
        const task = await store.task(id);
        return task?.state === 'done' && task;
      });
      // The second runner may lose a lease to itself on a busy machine.
      expect(done.result).toBe('{"title":"second"}');
      expect(done.version).toBeGreaterThanOrEqual(2);
      second.process.kill('SIGSTOP');
      first.process.kill('SIGCONT');
      // The next task is done after everything that the first runner still had to write.
      gateway.change({ behaviour: { text: '{"title":"next"}' } });
      await store.addTask(queuedTask({ id: `${id}-next` }));
      await until(async () => (await store.task(`${id}-next`))?.state === 'done');
      expect(await store.task(id)).toEqual(done);
    }
    second.process.kill('SIGCONT');
    await Promise.all([end(first), end(second)]);
    const written = await outcomes(store);
    expect(written.size).toBe(2 * scale.stops);
    expect([...written].filter(([, count]) => count !== 1)).toEqual([]);
    await gateway.close();
    await store.close();
  },
);
