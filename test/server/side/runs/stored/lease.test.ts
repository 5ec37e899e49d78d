// Tests runs of two machines on one Postgres: each reads and cancels what the other runs, and ends what a machine that is gone has left.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LlmGateway, llmGateway } from '../../../../support/llm-gateway.ts';
import { postgresForTests } from '../../../../support/postgres.ts';
import { killAll } from '../../../../support/processes.ts';
import { eventsOf } from '../../../../support/responses-side.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const postgres = await postgresForTests();
let llm: LlmGateway;
let machines: readonly [Served, Served];
beforeAll(async () => {
  if (postgres === undefined) return;
  llm = await llmGateway({ behaviour: { text: 'x'.repeat(400), pieces: 200, everyMs: 20 } });
  const scripted = { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true };
  const config = {
    store: { url: await postgres.database() },
    gateways: { scripted },
    classes: { plain: { targets: [{ gateway: 'scripted', model: 'm' }], unknownPrice: 'allow' } },
    tasks: [],
  };
  machines = [await serve(config), await serve(config)];
});
afterAll(async () => {
  for (const machine of machines ?? []) {
    if (machine.child.exitCode === null && machine.child.signalCode === null) killAll(machine.child);
    await machine.exited;
  }
  await llm?.close();
});

const ask = ({ url }: Served, path: string, init: RequestInit = {}) =>
  fetch(`${url.replace('ws', 'http')}/v1/responses${path}`, {
    ...init,
    headers: { 'content-type': 'application/json' },
  });
async function begin(machine: Served): Promise<string> {
  const body = JSON.stringify({ model: 'm', input: 'Hello', background: true });
  const reply = await ask(machine, '', { method: 'POST', body });
  return ((await reply.json()) as { id: string }).id;
}
const read = async (machine: Served, id: string) => eventsOf(await ask(machine, `/${id}?stream=true`));

describe.skipIf(postgres === undefined)('two machines', () => {
  test('the events of a run are the same at both, to its end', async () => {
    const id = await begin(machines[0]);
    const [here, there] = await Promise.all(machines.map((machine) => read(machine, id)));
    expect(there).toEqual(here);
    expect(there?.at(-1)?.type).toBe('response.completed');
  });

  test('a run is cancelled from the other machine', async () => {
    // It outlasts the order, however slow the machines are.
    llm.change({ behaviour: { text: 'x'.repeat(100_000), pieces: 100_000, everyMs: 20 } });
    const id = await begin(machines[0]);
    await ask(machines[1], `/${id}/cancel`, { method: 'POST' });
    const events = await read(machines[1], id);
    expect(events.at(-1)).toMatchObject({ response: { status: 'cancelled' } });
    await until(() => llm.count.open === 0);
  });

  test('the other machine ends what a machine that is gone has left, after its lease', async () => {
    const id = await begin(machines[0]);
    const reading = read(machines[1], id);
    killAll(machines[0].child);
    const events = await reading;
    expect(events.at(-1)).toMatchObject({ type: 'response.failed', response: { error: { code: 'run_lost' } } });
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at));
  });
});
