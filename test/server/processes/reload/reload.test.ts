// The configuration is read again without a restart: in all processes, checked first, and nobody's session or call notices.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openClient, refusedUpgrade } from '../../../support/gateway.ts';
import { message } from '../../../support/inbox.ts';
import { childrenOf } from '../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const web = { id: 'web', secret: 'secret-of-web' };
const app = { id: 'app', secret: 'secret-of-app' };
const as = (key: typeof web) => ({ headers: { authorization: `Bearer ${key.secret}` } });
const TWO = { processes: 2, side: { processes: 2 } };

let provider: FakeProvider;
let served: Served;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());

async function reload(): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${served.admin}/reload`, { method: 'POST', headers: { connection: 'close' } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const inForce = async () =>
  ((await (await fetch(`${served.admin}/readyz?verbose`)).json()) as { config: Record<string, unknown> }).config;

describe('two gateway processes and two side processes', () => {
  beforeEach(async () => {
    served = await serve({ provider: provider.url, ...TWO, keys: [web] });
  });
  afterEach(() => served.stop());

  test('take a new key from now on, and the session of one that is gone goes on', async () => {
    const before = await inForce();
    expect(before).toMatchObject({ hash: expect.stringMatching(/^[0-9a-f]{16}$/), needsRestart: [], behind: [] });
    const client = await openClient(served.url + REALTIME, as(web));
    const upstream = await provider.next();
    served.rewrite({ ...TWO, keys: [app] });
    const { status, body } = await reload();
    expect([status, body]).toMatchObject([200, { changed: ['keys'], needsRestart: [], behind: [], warnings: [] }]);
    for (let round = 0; round < 8; round++) {
      expect((await refusedUpgrade(served.url + REALTIME, as(web))).status).toBe(401);
      (await openClient(served.url + REALTIME, as(app))).close();
      const http = served.url.replace('ws', 'http');
      const headers = { connection: 'close', ...as(app).headers };
      expect((await fetch(`${http}/v1/sessions/none`, { headers })).status).toBe(404);
      expect((await fetch(`${http}/v1/sessions/none`, { headers: { ...headers, ...as(web).headers } })).status).toBe(
        401,
      );
    }
    client.send('hello');
    expect(String((await message(upstream)).data)).toBe('hello');
    const after = await inForce();
    expect(after).toMatchObject({ hash: body.hash, since: body.since });
    expect(after.hash).not.toBe(before.hash);
    expect(await served.metric('trunkline_config_info', { hash: String(after.hash) })).toBe(1);
  });

  test.each(['gateway/process', 'side/process'])('have it also where a %s is killed afterwards', async (module) => {
    served.rewrite({ ...TWO, keys: [app] });
    await reload();
    const killed = childrenOf(served.run.pid, module);
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    await until(() => childrenOf(served.run.pid, module).filter((pid) => !killed.includes(pid)).length === 2);
    await until(async () => ((await inForce()).behind as string[]).length === 0);
    await until(async () => (await fetch(`${served.admin}/readyz`)).status === 200);
    for (let round = 0; round < 4; round++) {
      expect((await refusedUpgrade(served.url + REALTIME, as(web))).status).toBe(401);
      (await openClient(served.url + REALTIME, as(app))).close();
    }
  });
});
