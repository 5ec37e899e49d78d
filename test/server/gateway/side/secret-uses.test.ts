// Single use is exact: of 50 sockets that present one secret at once to two machines of two processes each, and again after a restart, one opens.
// TRUNKLINE_LONG=1 runs 200 rounds, else 4.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { postgresForTests } from '../../../support/postgres.ts';
import { killAll } from '../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const ROUNDS = process.env.TRUNKLINE_LONG === '1' ? 200 : 4;
const SOCKETS = 50;
const mode = `${ROUNDS} rounds, ${process.env.TRUNKLINE_LONG === '1' ? 'TRUNKLINE_LONG=1' : 'the short mode'}`;

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider?.close());

const keys = [{ id: 'app', secret: 'secret-of-app' }];
const start = (data: string, store?: object) => serve({ provider: provider.url, keys, processes: 2, ...store }, data);

async function mint({ url }: Served): Promise<string> {
  const response = await fetch(`http${url.slice(2)}/v1/client_secrets`, {
    method: 'POST',
    headers: { authorization: 'Bearer secret-of-app', 'content-type': 'application/json' },
    body: JSON.stringify({ expiresInSeconds: 600 }),
  });
  return ((await response.json()) as { value: string }).value;
}

/** Opens a socket; resolves with 101, or with the code of the refusal. */
function open({ url }: Served, secret: string): Promise<string> {
  const client = new WebSocket(`${url}/v1/realtime?model=gpt-realtime-2.1`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  return new Promise((resolve, reject) => {
    client.on('open', () => {
      client.terminate();
      resolve('101');
    });
    client.on('error', reject);
    client.on('unexpected-response', async (request, response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      request.destroy();
      resolve(JSON.parse(body).error.code);
    });
  });
}

async function race(machines: readonly Served[], secret: string): Promise<readonly string[]> {
  const at = (index: number) => machines[index % machines.length] as Served;
  return Promise.all(Array.from({ length: SOCKETS }, (_, index) => open(at(index), secret)));
}

async function runRounds(machines: readonly Served[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const outcomes = await race(machines, await mint(machines[0] as Served));
    expect(outcomes.toSorted()).toEqual(['101', ...Array(SOCKETS - 1).fill('secret_used')]);
  }
}

test(`of 50 sockets over two processes one opens, and none after a kill and a restart: ${mode}`, {
  timeout: 600_000,
}, async () => {
  const data = temporaryFolder('secrets');
  const served = await start(data);
  await runRounds([served]);
  const used = await mint(served);
  expect(await open(served, used)).toBe('101');
  const fresh = await mint(served);
  killAll(served.child);
  await served.exited;
  const again = await start(data);
  expect(new Set(await race([again], used))).toEqual(new Set(['secret_used']));
  const outcomes = await race([again], fresh);
  expect(outcomes.filter((outcome) => outcome === '101')).toHaveLength(1);
  killAll(again.child);
  await again.exited;
});

const postgres = await postgresForTests();
describe.skipIf(postgres === undefined)('two machines on one Postgres', () => {
  test(`of 50 sockets one opens: ${mode}`, { timeout: 600_000 }, async () => {
    const store = { store: { url: await postgres?.database() } };
    const machines = await Promise.all(['one', 'two'].map((name) => start(temporaryFolder(`secrets-${name}`), store)));
    await runRounds(machines);
    for (const { child } of machines) killAll(child);
    await Promise.all(machines.map(({ exited }) => exited));
  });
});
