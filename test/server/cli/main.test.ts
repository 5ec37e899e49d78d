// The command line as an operator meets it: exit codes, what is printed and written, signals.

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { configFile } from '../../support/config-file.ts';
import { openClient, refusedUpgrade } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { childrenOf, killAll } from '../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { runCommand, type Served, serve } from '../../support/served.ts';
import { storedCalls } from '../../support/stored.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const KEY = { headers: { authorization: 'Bearer secret-of-web' } };
let provider: FakeProvider;
let gateway: Served | undefined;

beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());
afterEach(async () => {
  if (gateway?.child.exitCode === null) await gateway.stop();
  gateway = undefined;
});

const folder = () => temporaryFolder('main');
const isGone = (url: string) =>
  fetch(url).then(
    () => false,
    () => true,
  );

describe.concurrent('the command', () => {
  async function outcome(...args: string[]) {
    const command = runCommand(args);
    const { code } = await command.exited;
    return { code, stdout: command.stdout(), stderr: command.stderr() };
  }

  test('says what is expected when it is used wrongly: exit code 2', async () => {
    const uses: [string[], string][] = [
      [[], 'expected a command'],
      [['server'], 'unknown command "server"; did you mean serve?'],
      [['serve', 'trunkline.yaml'], 'expected nothing after serve, got "trunkline.yaml"'],
      [['serve', '--confg', 'trunkline.yaml'], "Unknown option '--confg'; did you mean --config?\n"],
      [['config', 'chek'], 'expected check or print after config'],
      [['serve', '--config'], 'argument missing'],
    ];
    const outcomes = await Promise.all(uses.map(([args]) => outcome(...args)));
    for (const [index, { code, stdout, stderr }] of outcomes.entries()) {
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(uses[index]?.[1]);
      expect(stderr).toContain('usage: trunkline serve');
    }
  });

  test('takes a wrong role and one that goes with nothing for a mistake: exit code 2', async () => {
    const outcomes = await Promise.all([outcome('serve', '--role', 'x'), outcome('config', 'check', '--role', 'side')]);
    expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual([
      [2, '--role: expected one of all, gateway, side, got "x"\n'],
      [2, '--role goes with serve only\n'],
    ]);
  });

  test('prints its usage with --help, and its version with --version', async () => {
    const [help, version] = await Promise.all([outcome('--help'), outcome('--version')]);
    expect([help.code, version.code]).toEqual([0, 0]);
    expect(help.stdout).toContain('usage: trunkline serve');
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('refuses a wrong configuration with every path: exit code 2, nothing started, nothing written', async () => {
    const file = configFile({
      listen: { prot: 1 },
      limits: { dialMs: 'soon' },
      keys: [{ id: 'a', secret: '${NO_SUCH_KEY}' }],
    });
    const data = join(folder(), 'data');
    const [served, checked] = await Promise.all([
      outcome('serve', '--config', file, '--data', data),
      outcome('config', 'check', '--config', file),
    ]);
    for (const { code, stdout, stderr } of [served, checked]) {
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('listen.prot');
      expect(stderr).toContain('limits.dialMs');
      expect(stderr).toContain('NO_SUCH_KEY');
    }
    expect(existsSync(data)).toBe(false);
  });

  test('warns of a key under its old name, and reads it', async () => {
    const file = configFile({ side: { seedMs: 7 } });
    const { code, stdout, stderr } = await outcome('config', 'print', '--config', file);
    expect([code, stderr]).toEqual([0, expect.stringContaining('side.seedMs: the name is side.contextMs now')]);
    expect(stdout).toContain('contextMs: 7');
  });

  test('checks and prints a right configuration, with its secrets masked', async () => {
    const providers = { openai: { apiKey: 'secret-of-openai' } };
    const file = configFile({ keys: [{ id: 'web', secret: 'secret-of-web' }], providers });
    const [check, print] = await Promise.all([
      outcome('config', 'check', '--config', file),
      outcome('config', 'print', '--config', file),
    ]);
    expect([check.code, print.code]).toEqual([0, 0]);
    expect(check.stdout).toContain('the configuration is valid');
    expect(print.stdout).toContain('maxFragments: 64');
    expect(print.stdout).not.toContain('secret-of');
  });

  test.each(['listen', 'admin'])(
    'ends with exit code 1 when %s.port is in use, names it, and leaves nothing',
    async (setting) => {
      const other = createServer().listen(0, '127.0.0.1');
      await until(() => other.listening);
      const address = other.address();
      const port = typeof address === 'object' ? address?.port : 0;
      const data = folder();
      const file = configFile({
        listen: { port: 0, tlsPort: false },
        admin: { port: 0 },
        [setting]: { port, ...(setting === 'listen' ? { tlsPort: false } : {}) },
      });
      const { code, stdout, stderr } = await outcome('serve', '--config', file, '--data', data);
      expect([code, stdout]).toEqual([1, '']);
      const holder = existsSync('/proc/net/tcp')
        ? `by process ${process.pid} \\(${basename(process.execPath)}\\); stop it`
        : '.*';
      expect(stderr).toMatch(
        new RegExp(`^${setting}\\.port: .* in use ?${holder}, or choose another ${setting}\\.port\\n$`),
      );
      expect(readdirSync(data)).not.toContain('run.json');
      other.close();
    },
  );

  test('ends with exit code 1 when the store cannot be opened, says why, and leaves no process', async () => {
    const data = folder();
    mkdirSync(join(data, 'trunkline.db'));
    const file = configFile({ listen: { port: 0, tlsPort: false }, admin: { port: 0 } });
    // It has ended when its output has, which all of its processes write to.
    const { code, stdout, stderr } = await outcome('serve', '--config', file, '--data', data);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('trunkline.db cannot be opened');
    expect(readdirSync(data)).not.toContain('run.json');
  });
});

test('tells where it listens in one log line and in run.json once it is ready, and ends at SIGTERM where no session lives', async () => {
  gateway = await serve({ provider: provider.url });
  const { run } = gateway;
  expect(run).toEqual({
    pid: gateway.child.pid,
    role: 'all',
    config: expect.stringMatching(/^[0-9a-f]{16}$/),
    listen: { host: '127.0.0.1', port: expect.any(Number) },
    admin: { host: '127.0.0.1', port: expect.any(Number) },
    rehearsal: [],
  });
  const lines = gateway.lines().filter(({ msg }) => msg === 'listening');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(readFileSync(join(gateway.data, 'run.json'), 'utf8'))).toMatchObject(run);
  expect((await fetch(`${gateway.admin}/readyz`)).status).toBe(200);
  gateway.child.kill('SIGTERM');
  expect(await gateway.exited).toEqual({ code: 0, signal: null });
  expect(readdirSync(gateway.data)).not.toContain('run.json');
});

test('stores the record of every session, and writes no secret to any output', async () => {
  gateway = await serve({ provider: provider.url, keys: [{ id: 'web', secret: 'secret-of-web' }] });
  for (let turn = 0; turn < 3; turn++) {
    const client = await openClient(gateway.url + REALTIME, KEY);
    client.send('canary');
    await message(await provider.next());
    client.close(1000);
    await closed(client);
  }
  await refusedUpgrade(`${gateway.url}${REALTIME}&key=canary`);
  await gateway.stop();
  const records = (await storedCalls(gateway.data)).map(({ session }) => session.record ?? '');
  expect(records.map((record) => JSON.parse(record))).toMatchObject(
    Array.from({ length: 3 }, () => ({ key: 'web', reason: 'client-closed', frames: { upstream: 1 } })),
  );
  expect(gateway.stdout() + gateway.stderr() + records.join()).not.toMatch(/canary|secret-of-web|provider-secret/);
});

describe('SIGTERM', () => {
  test('drains: no new sessions, the live ones go on, and the process ends with the last of them', async () => {
    gateway = await serve({ provider: provider.url });
    const client = await openClient(gateway.url + REALTIME);
    const upstream = await provider.next();
    gateway.child.kill('SIGTERM');
    await until(async () => (await fetch(`${gateway?.admin}/readyz`)).status === 503);
    expect((await fetch(`${gateway.admin}/healthz`)).status).toBe(200);
    const refused = await until(() => refusedUpgrade(gateway?.url + REALTIME).catch(() => undefined));
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    client.send('still here');
    expect((await message(upstream)).data.toString()).toBe('still here');
    expect(gateway.child.exitCode).toBeNull();
    client.close(1000);
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    expect(await isGone(`${gateway.admin}/healthz`)).toBe(true);
  });

  test('ends the sessions that still live at the drain limit with 1001', async () => {
    gateway = await serve({ provider: provider.url, limits: { drainMs: 300 } });
    const client = await openClient(gateway.url + REALTIME);
    const upstream = await provider.next();
    gateway.child.kill('SIGTERM');
    expect(await closed(client)).toEqual({ code: 1001, reason: 'the gateway is shutting down' });
    expect((await closed(upstream)).code).toBe(1001);
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  test.each<[NodeJS.Signals, NodeJS.Signals]>([
    ['SIGINT', 'SIGTERM'],
    ['SIGQUIT', 'SIGQUIT'],
  ])('ends all sessions at once when a second signal follows: %s, %s', async (first, second) => {
    gateway = await serve({ provider: provider.url });
    const client = await openClient(gateway.url + REALTIME);
    await provider.next();
    gateway.child.kill(first);
    await until(() => gateway?.stderr().includes('draining'));
    gateway.child.kill(second);
    expect(await closed(client)).toEqual({ code: 1001, reason: 'the gateway is shutting down' });
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  test.each(['run.json', 'tls'])('is not lost while the gateway starts: as soon as %s is there', async (file) => {
    const data = folder();
    const config = configFile({ listen: { port: 0, tlsPort: file === 'tls' ? 0 : false }, admin: { port: 0 } });
    const command = runCommand(['serve', '--config', config, '--data', data]);
    await until(() => existsSync(join(data, file)));
    command.child.kill('SIGTERM');
    expect(await command.exited).toEqual({ code: 0, signal: null });
    expect(readdirSync(data)).not.toContain('run.json');
  });
});

test('goes on after SIGHUP and SIGUSR1, and its processes after SIGUSR2: no call ends', async () => {
  gateway = await serve({});
  const client = await openClient(gateway.url + REALTIME);
  const members = [gateway.run.pid, ...childrenOf(gateway.run.pid, '')];
  expect(members.length).toBe(4);
  for (const signal of ['SIGHUP', 'SIGUSR1'] as const) for (const pid of members) process.kill(pid, signal);
  for (const pid of members.slice(1)) process.kill(pid, 'SIGUSR2');
  expect(await gateway.sessions()).toHaveLength(1);
  expect([gateway.run.pid, ...childrenOf(gateway.run.pid, '')]).toEqual(members);
  expect(client.readyState).toBe(client.OPEN);
  expect(gateway.stderr()).not.toContain('Debugger');
  client.terminate();
});

test('leaves neither run.json nor a temporary folder when the supervisor alone is killed', async () => {
  const temporary = folder();
  gateway = await serve({ provider: provider.url, within: ['env', `TMPDIR=${temporary}`] });
  const { data, run, exited } = gateway;
  expect(readdirSync(temporary)).toHaveLength(1);
  process.kill(run.pid, 'SIGKILL');
  await exited;
  await until(() => !existsSync(join(data, 'run.json')) && readdirSync(temporary).length === 0);
});

test('removes at its start what a run left whose processes were all killed', async () => {
  const temporary = folder();
  const within = ['env', `TMPDIR=${temporary}`];
  const killed = await serve({ provider: provider.url, within });
  killAll(killed.child);
  await killed.exited;
  expect(readdirSync(temporary)).toHaveLength(1);
  expect(existsSync(join(killed.data, 'run.json'))).toBe(true);
  gateway = await serve({ provider: provider.url, within }, killed.data);
  expect(readdirSync(temporary)).toHaveLength(1);
  await gateway.stop();
  expect(readdirSync(temporary)).toEqual([]);
  expect(readdirSync(killed.data)).not.toContain('run.json');
});
