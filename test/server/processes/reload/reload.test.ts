// The configuration is read again without a restart: in all processes, checked first, and nobody's session or call notices.

import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openClient, refusedUpgrade } from '../../../support/gateway.ts';
import { message } from '../../../support/inbox.ts';
import { childrenOf } from '../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { runCommand, type Served, serve } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
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

/** Reloads by `trunkline reload`, and returns its exit code and what it printed. */
async function command(args: readonly string[] = [], env = {}) {
  const running = runCommand(['reload', '--data', served.data, ...args], env);
  const { code } = await running.exited;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

const lines = (msg: string) => served.lines().filter((line) => line.msg === msg);
const TAKEN = 'the configuration was read again';
const REFUSED = 'the configuration is refused: the one before stays in force';

describe('a gateway', () => {
  beforeAll(async () => {
    served = await serve({ provider: provider.url, keys: [web] });
  });
  afterAll(() => served.stop());
  const opens = async (key: typeof web) => {
    const client = await openClient(served.url + REALTIME, as(key)).catch(() => undefined);
    client?.close();
    return client !== undefined;
  };

  const WAYS: readonly (readonly [string, string, () => unknown])[] = [
    ['POST /reload', 'admin', reload],
    ['trunkline reload', 'admin', () => command()],
    ['SIGHUP', 'signal', () => served.child.kill('SIGHUP')],
  ];
  const told = () => lines(TAKEN).length + lines(REFUSED).length;

  test.each(WAYS)(
    'takes a good configuration by %s, and refuses a wrong one with all that is wrong',
    async (_, who, ask) => {
      /** Its line in the log may come later than its answer, and the other way round. */
      const act = async (): Promise<void> => {
        const before = told();
        await ask();
        await until(() => told() > before);
      };
      served.rewrite({ keys: [app] });
      await act();
      const good = await inForce();
      expect([await opens(web), await opens(app)]).toEqual([false, true]);
      expect(lines(TAKEN).at(-1)).toMatchObject({ changed: ['keys'], hash: good.hash, since: good.since });

      served.rewrite({ keys: [{ id: 'app', secret: 'canary', models: ['opnai/*'] }], limits: { pingMs: 0 } });
      await act();
      expect(lines(REFUSED).at(-1)?.problems).toEqual([
        expect.stringMatching(/trunkline\.yaml:\d+:\d+: keys\[0\]\.secret: expected at least 8 characters/),
        expect.stringMatching(/trunkline\.yaml:\d+:\d+: limits\.pingMs: expected at least 1, got 0$/),
      ]);
      expect(await inForce()).toEqual(good);
      expect([await opens(web), await opens(app)]).toEqual([false, true]);
      expect(await served.metric('trunkline_config_refused')).toBe(1);
      served.rewrite({ keys: [web] });
      await act();
      expect([await opens(web), await opens(app)]).toEqual([true, false]);
      expect(await served.metric('trunkline_config_refused')).toBe(0);
      await until(async () => {
        const answer = await (await fetch(`${served.admin}/audit?subject=config&limit=3`)).json();
        const { entries } = answer as { entries: { actor: string; action: string }[] };
        const told = entries.map(({ actor, action }) => `${actor} ${action}`);
        return told.join() === ['reloaded', 'refused', 'reloaded'].map((did) => `${who} config.${did}`).join();
      });
    },
  );

  test('answers what is wrong where it is asked, and what cannot even be read', async () => {
    writeFileSync(served.file, 'keys: [');
    const { status, body } = await reload();
    expect([status, body]).toMatchObject([400, { error: { code: 'config_refused' }, problems: [expect.any(String)] }]);
    const printed = await command();
    expect([printed.code, printed.stderr]).toEqual([2, expect.stringContaining((body.problems as string[])[0] ?? '-')]);
    served.rewrite({ keys: [web] });
    expect((await reload()).body).toMatchObject({ changed: [] });
    const nowhere = runCommand(['reload', '--data', temporaryFolder('nowhere')]);
    expect([await nowhere.exited, nowhere.stderr()]).toEqual([
      expect.objectContaining({ code: 1 }),
      expect.stringContaining('no gateway runs with the data directory'),
    ]);
    expect((await command()).stdout).toMatch(/^nothing has changed: [0-9a-f]{16} is in force since /);
  });

  test('names what needs a restart, and goes on with it as it was while the rest takes effect', async () => {
    served.rewrite({
      keys: [app],
      processes: 3,
      listen: { port: 1 },
      admin: { port: 2 },
      metrics: { labels: ['key'] },
      side: { processes: 2, syncMs: 1000 },
      store: { url: 'postgres://user:canary@127.0.0.1/none' },
    });
    const { body } = await reload();
    const needsRestart = ['processes', 'listen.port', 'admin.port', 'metrics.labels', 'side.processes', 'store.url'];
    expect([...(body.needsRestart as string[])].sort()).toEqual([...needsRestart].sort());
    expect(body.changed).toEqual(['keys', 'side']);
    expect(await opens(app)).toBe(true);
    expect((await command()).stdout).toMatch(/needs a restart: .*listen\.port/);
    expect((await inForce()).needsRestart).toEqual(body.needsRestart);
    served.rewrite({ keys: [web] });
    expect((await reload()).body).toMatchObject({ needsRestart: [], changed: ['keys', 'side'] });
  });

  test('takes two reloads at once in order', async () => {
    served.rewrite({ keys: [app] });
    const first = reload();
    served.rewrite({ keys: [web], transcripts: 'P1D' });
    const [, second] = await Promise.all([first, reload()]);
    expect(await inForce()).toMatchObject({ hash: second.body.hash });
    expect([await opens(web), await opens(app)]).toEqual([true, false]);
  });

  test('lets the rehearsal begin and end: it answers for a provider that is not configured', async () => {
    const gemini = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
    const openai = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true };
    const status = async () =>
      (await refusedUpgrade(served.url + gemini, as(web)).catch(() => ({ status: 101 }))).status;
    served.rewrite({ keys: [web], providers: { openai }, rehearsal: true });
    expect((await reload()).status).toBe(200);
    expect(await status()).toBe(101);
    served.rewrite({ keys: [web], providers: { openai } });
    await reload();
    expect(await status()).toBe(503);
  });

  test('lets a process that does not answer have it later, and says which', async () => {
    const client = await openClient(served.url + REALTIME, as(web));
    const upstream = [...provider.sockets].at(-1);
    if (upstream === undefined) throw new Error('expected a session at the provider');
    const [gateway = 0] = childrenOf(served.run.pid, 'gateway/process');
    process.kill(gateway, 'SIGSTOP');
    served.rewrite({ keys: [app] });
    const { status, body } = await reload();
    expect([status, body.behind]).toEqual([202, [`gateway/process ${gateway}`]]);
    process.kill(gateway, 'SIGCONT');
    await until(async () => ((await inForce()).behind as string[]).length === 0);
    expect([await opens(web), await opens(app)]).toEqual([false, true]);
    client.send('hello');
    expect(String((await message(upstream)).data)).toBe('hello');
    client.close();
  });

  test('shows no secret of any configuration in answers, log, metrics, or what it runs with', async () => {
    const secrets = ['canary-of-key', 'canary-of-provider', 'canary-of-llm', 'canary-of-hook', 'canary-of-admin'];
    const [key, account, llm, hook, token] = secrets;
    const openai = { baseUrl: provider.url, apiKey: account, allowPrivate: true };
    const file = {
      keys: [{ id: 'web', secret: key }],
      providers: { openai },
      gateways: { contract: { profile: 'openai', apiKey: llm } },
      webhooks: [{ url: 'https://hooks.example.com/x', secret: hook }],
      admin: { token },
    };
    served.rewrite(file);
    const answers = [JSON.stringify(await reload()), JSON.stringify(await command(['--config', served.file]))];
    served.rewrite({ ...file, limits: { pingMs: 0 } });
    const printed = await command(['--config', served.file]);
    const headers = { authorization: `Bearer ${token}` };
    const ask = async (path: string, method = 'GET') => (await fetch(served.admin + path, { method, headers })).text();
    const told = [await ask('/reload', 'POST'), await ask('/readyz?verbose'), await ask('/metrics')];
    const output = [...answers, JSON.stringify(printed), ...told, served.stdout(), served.stderr()].join('\n');
    for (const secret of secrets) expect(output).not.toContain(secret);
    served.rewrite({ ...file, admin: { token: 'another-token' } });
    const other = await command(['--config', served.file]);
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringMatching(/another admin\.token than the file: set TRUNKLINE_ADMIN_TOKEN .*kill -HUP \d+/),
    ]);
    const wrong = await command([], { TRUNKLINE_ADMIN_TOKEN: 'another-token' });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('than TRUNKLINE_ADMIN_TOKEN: set')]);
    const right = await command([], { TRUNKLINE_ADMIN_TOKEN: String(token) });
    expect(right).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('changed: admin') });
    for (const secret of secrets) expect(JSON.stringify([other, wrong, right])).not.toContain(secret);
    expect((await command(['--config', served.file])).code).toBe(0);
  });
});
