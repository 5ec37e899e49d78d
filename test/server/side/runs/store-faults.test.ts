// Tests runs while their store is away: they stream on from memory, the store has all of it when it is back, and no machine takes another one
// for gone that the store was away from, too. TRUNKLINE_LONG=1 keeps the store away for longer than a lease.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FaultyLink, faultyLink } from '../../../support/faulty-link.ts';
import { type LlmGateway, llmGateway } from '../../../support/llm-gateway.ts';
import { postgresForTests } from '../../../support/postgres.ts';
import { childrenOf, killAll } from '../../../support/processes.ts';
import { eventsOf } from '../../../support/responses-side.ts';
import { type Served, serve } from '../../../support/served.ts';
import { fillDisk, onSmallDisk, smallDiskObjection } from '../../../support/small-disk.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const postgres = await postgresForTests();
const why = smallDiskObjection();
const open: Served[] = [];
let llm: LlmGateway;
beforeAll(async () => {
  llm = await llmGateway();
});
afterAll(async () => {
  for (const machine of open) {
    if (machine.child.exitCode === null && machine.child.signalCode === null) killAll(machine.child);
    await machine.exited;
  }
  for (const link of links) link.close();
  await llm?.close();
});

const links: FaultyLink[] = [];

async function machine(more: Record<string, unknown>, data?: string): Promise<Served> {
  const started = await serve(
    {
      gateways: { scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
      classes: { plain: { targets: [{ gateway: 'scripted', model: 'm' }], unknownPrice: 'allow' } },
      tasks: [],
      ...more,
    },
    data,
  );
  open.push(started);
  return started;
}

const ask = ({ url }: Served, path: string, init: RequestInit = {}) =>
  fetch(`${url.replace('ws', 'http')}/v1/responses${path}`, {
    ...init,
    headers: { 'content-type': 'application/json' },
  });

/** A stream that is read. */
async function stream(served: Served) {
  const body = JSON.stringify({ model: 'm', input: 'Hello', stream: true });
  const reply = await ask(served, '', { method: 'POST', body });
  let text = '';
  const read = async (): Promise<string> => {
    for await (const piece of reply.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(piece).toString();
    }
    return text;
  };
  const whole = read();
  await until(() => text.length > 2000);
  return { id: /resp_[0-9a-f]{32}/.exec(text)?.[0] ?? '', whole, length: () => text.length };
}

const events = (text: string) => eventsOf(new Response(text));

describe.skipIf(postgres === undefined)('a Postgres that is away', () => {
  test.each([
    ['refuses connections', 'refuse', isLong ? 15_000 : 2500],
    ['hangs', 'hang', isLong ? 15_000 : 2500],
  ] as const)(
    'runs go on while it %s, and both machines have all of them afterwards',
    { timeout: 120_000 },
    async (_, fault, ms) => {
      const url = new URL((await postgres?.database()) ?? '');
      const links2 = await Promise.all([faultyLink(Number(url.port)), faultyLink(Number(url.port))]);
      links.push(...links2);
      const pieces = Math.ceil(ms / 20) + 150;
      llm.change({ behaviour: { text: 'x'.repeat(pieces), pieces, everyMs: 20 } });
      const through = ({ port }: FaultyLink) => {
        const own = new URL(url);
        own.port = String(port);
        return machine({ store: { url: own.href } });
      };
      const [one, two] = await Promise.all(links2.map(through));
      const reading = await stream(one as Served);
      for (const link of links2) link[fault]();
      await delay(ms / 2);
      const length = reading.length();
      await delay(ms / 2);
      // The store is still away.
      await until(() => reading.length() > length + 2000);
      for (const link of links2) link.restore();
      const seen = await events(await reading.whole);
      expect(seen.at(-1)).toMatchObject({ type: 'response.completed' });
      for (const served of [one, two] as Served[]) {
        await until(
          async () =>
            ((await (await ask(served, `/${reading.id}`)).json()) as { status: string }).status === 'completed',
        );
        expect(await events(await (await ask(served, `/${reading.id}?stream=true`)).text())).toEqual(seen);
      }
    },
  );
});

test.skipIf(why !== undefined)(
  'runs go on while the disk is full, and are stored once there is space',
  { timeout: 120_000 },
  async () => {
    const data = temporaryFolder('small-disk');
    const served = await machine({ within: onSmallDisk(data), side: { processes: 2 } }, data);
    llm.change({ behaviour: { text: 'x'.repeat(600), pieces: 200, everyMs: 20 } });
    const reading = await stream(served);
    const free = fillDisk(served.run.pid, data);
    await until(() =>
      served.lines().some(({ msg }) => msg === 'the store fails: it is asked again, and sessions go on'),
    );
    const seen = await events(await reading.whole);
    expect(seen.at(-1)).toMatchObject({ type: 'response.completed' });
    free();
    await until(async () => (await fetch(`${served.admin}/readyz`)).status === 200);
    for (const pid of childrenOf(served.run.pid, 'side/process')) process.kill(pid, 0);
    // The other process has it from the store.
    for (let at = 0; at < 4; at++) {
      const again = await until(async () => {
        const read = await events(await (await ask(served, `/${reading.id}?stream=true`)).text());
        return read.length === seen.length ? read : undefined;
      });
      expect(again).toEqual(seen);
    }
  },
);
