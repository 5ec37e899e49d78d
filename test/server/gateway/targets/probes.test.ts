// Probes of accounts: what the provider sees of one, what is learned of its answer, and when there are none any more.

import type { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { loadConfig } from '../../../../server/config/load.ts';
import type { ProbeVerdict } from '../../../../server/gateway/targets/breakers.ts';
import { configFile } from '../../../support/config-file.ts';
import { startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { until } from '../../../support/until.ts';

const ended: { close(): Promise<void> }[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of ended.splice(0).reverse()) await one.close();
});

type Answer = 'opens' | 'says nothing' | 'closes' | 'ends' | 'hangs' | number;

/** Answers as it is told to; a number is the status of a refusal. */
interface Scripted extends FakeProvider {
  answer: Answer;
  /** Messages that came. */
  readonly said: readonly string[];
}

async function scripted(answer: Answer = 'opens'): Promise<Scripted> {
  const said: string[] = [];
  const provider = await startProvider({
    onUpgrade(_, socket: Socket) {
      const { answer: now } = made;
      socket.resume().on('end', () => socket.destroy());
      if (now === 'ends') socket.destroy();
      if (typeof now === 'number')
        socket.end(`HTTP/1.1 ${now} No\r\nRetry-After: 30\r\nContent-Length: 16\r\n\r\nsecret-of-theirs`);
      return now === 'ends' || now === 'hangs' || typeof now === 'number';
    },
    onSession(ws) {
      ws.on('message', (data) => said.push(String(data)));
      if (made.answer === 'opens') ws.send('{"type":"session.created"}');
      if (made.answer === 'closes') ws.close(1011, 'secret-of-theirs');
    },
  });
  const made: Scripted = Object.assign(provider, { answer, said });
  ended.push(made);
  return made;
}

const account = ({ url }: FakeProvider, probe: object, more: object = {}) => ({
  ...{ kind: 'openai', baseUrl: url, apiKey: 'key-of-account', allowPrivate: true },
  ...{ preconnect: { connections: 0 }, probe: { everyMs: 1000, model: 'm-1', ...probe } },
  ...more,
});

interface Probed {
  readonly gateway: TestGateway;
  readonly verdicts: readonly ProbeVerdict[];
}

/** A gateway with the account `one`, which takes the verdicts that it makes. */
async function probing(one: object): Promise<Probed> {
  const verdicts: ProbeVerdict[] = [];
  const gateway: TestGateway = await startGateway({
    providers: { one },
    report(verdict) {
      verdicts.push(verdict);
      gateway.gateway.probed(verdict);
    },
  });
  ended.push(gateway);
  return { gateway, verdicts };
}

const first = ({ verdicts }: Probed) => until(() => verdicts[0]);
const isUp = ({ gateway }: Probed) => gateway.sample('trunkline_provider_up', { provider: 'one' });

describe('a probe', () => {
  test('is a handshake with the credential and the headers of the account, closed behind the first message', async () => {
    const provider = await scripted();
    const probed = await probing(account(provider, {}, { headers: { 'X-Own': 'mine' } }));
    expect(await closed(await provider.next())).toMatchObject({ code: 1000 });
    expect(provider.said).toEqual([]);
    const [request] = provider.requests;
    expect(request?.url).toBe('/v1/realtime?model=m-1');
    expect(request?.headers).toMatchObject({ authorization: 'Bearer key-of-account', 'x-own': 'mine' });
    expect(await first(probed)).toMatchObject({ account: 'one', outcome: 'open', health: 'well' });
  });

  test('is no session: nothing is counted as one', async () => {
    const provider = await scripted();
    const probed = await probing(account(provider, {}));
    await until(() => probed.verdicts[1]);
    const { gateway } = probed;
    const count = await gateway.sample('trunkline_provider_probes_total', { provider: 'one', outcome: 'open' });
    expect(count).toBe(probed.verdicts.length);
    expect(await gateway.sample('trunkline_sessions_opened_total')).toBe(0);
    expect(await gateway.sample('trunkline_dials_total')).toBe(0);
    expect(gateway.ended).toEqual([]);
    expect(gateway.lines).toEqual([]);
  });

  test('is over with the 101 where the provider waits for the client', async () => {
    const provider = await scripted('says nothing');
    const probed = await probing({ ...account(provider, { model: undefined }), kind: 'gemini' });
    expect(await closed(await provider.next())).toMatchObject({ code: 1000 });
    expect(await first(probed)).toMatchObject({ outcome: 'open' });
  });

  test('dials the path that it is given', async () => {
    const provider = await scripted();
    const path = '/v1/realtime?intent=transcription';
    await probing(account(provider, { path, model: undefined }));
    await provider.next();
    expect(provider.requests[0]?.url).toBe(path);
  });

  test('begins behind the one before, of the same account', async () => {
    const provider = await scripted('hangs');
    const probed = await probing(account(provider, { timeoutMs: 1500 }));
    await until(() => provider.requests[2]);
    expect(provider.requests.length - probed.verdicts.length).toBe(1);
    expect(provider.connections.size).toBe(1);
  });
});

describe('the answer', () => {
  test.each<[Answer, Partial<ProbeVerdict>]>([
    [503, { outcome: 'refused', said: 'HTTP 503', health: 'ill', pauseMs: 0 }],
    [401, { outcome: 'refused', said: 'HTTP 401', health: 'well', pauseMs: 0 }],
    [429, { outcome: 'refused', said: 'HTTP 429', health: 'well', pauseMs: 30_000 }],
    ['closes', { outcome: 'refused', said: 'close 1011 before the first message', health: 'ill' }],
    ['ends', { outcome: 'failed', said: expect.stringContaining('could not be reached'), health: 'ill' }],
    ['hangs', { outcome: 'failed', said: 'it did not answer within 300 ms', health: 'ill' }],
    ['says nothing', { outcome: 'failed', said: 'it did not answer within 300 ms', health: 'ill' }],
  ])('of a provider that %s is known, and told once while it stays the same', async (answer, verdict) => {
    const provider = await scripted(answer);
    const probed = await probing(account(provider, { timeoutMs: 300 }));
    expect(await first(probed)).toMatchObject(verdict);
    await until(() => probed.verdicts[1]);
    provider.answer = 'opens';
    await until(() => probed.verdicts.at(-1)?.outcome === 'open');
    expect(probed.gateway.lines).toMatchObject([
      { level: 40, msg: 'a probe does not get a session', provider: 'one', outcome: verdict.outcome },
      { level: 30, msg: 'a probe finds the provider well again', provider: 'one' },
    ]);
    expect(JSON.stringify([probed.gateway.lines, probed.verdicts])).not.toMatch(
      /key-of-account|secret-of-theirs|127\.0/,
    );
  });

  test('opens the breaker at once where nobody else was served, and closes it', async () => {
    const provider = await scripted(503);
    const probed = await probing(account(provider, {}));
    expect(await isUp(probed)).toBe(1);
    await first(probed);
    expect(await isUp(probed)).toBe(0);
    provider.answer = 'opens';
    await until(() => probed.verdicts.at(-1)?.outcome === 'open');
    expect(await isUp(probed)).toBe(1);
  });

  test('of a command without a credential says nothing of the provider', async () => {
    const provider = await scripted();
    const tokenCommand = ['sh', '-c', 'echo secret-of-theirs >&2; exit 3'];
    const probed = await probing(account(provider, {}, { apiKey: undefined, tokenCommand }));
    const said = 'no credential: it ended with exit code 3';
    expect(await first(probed)).toMatchObject({ outcome: 'failed', said, health: 'unknown' });
    expect([await isUp(probed), provider.requests.length]).toEqual([1, 0]);
  });

  test('is asked for with the credential of a command', async () => {
    const provider = await scripted();
    await probing(account(provider, {}, { apiKey: undefined, tokenCommand: ['echo', 'key-of-command'] }));
    await provider.next();
    expect(provider.requests[0]?.headers.authorization).toBe('Bearer key-of-command');
  });
});

describe('the schedule', () => {
  test('follows the configuration: what is under way at an account that has none any more is given up', async () => {
    const [one, two] = [await scripted('hangs'), await scripted()];
    const probed = await probing(account(one, { timeoutMs: 60_000 }));
    await until(() => one.connections.size === 1);
    const { probe: _, ...unprobed } = account(one, {});
    const file = configFile({ providers: { one: unprobed, two: account(two, {}) } });
    probed.gateway.gateway.useConfig(loadConfig({ file, env: {} }));
    await until(() => one.connections.size === 0);
    await until(() => probed.verdicts[1]);
    expect(probed.verdicts.map(({ account: name }) => name)).toEqual(['two', 'two']);
    expect(one.requests).toHaveLength(1);
  });

  test('ends with a drain, and is not taken up by a reload during one', async () => {
    const provider = await scripted('hangs');
    const probed = await probing(account(provider, { timeoutMs: 60_000 }));
    await until(() => provider.connections.size === 1);
    await probed.gateway.gateway.drain();
    await until(() => provider.connections.size === 0);
    const two = await scripted();
    // Everybody begins at once.
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const file = configFile({ providers: { one: account(two, { model: 'late' }) } });
    probed.gateway.gateway.useConfig(loadConfig({ file, env: {} }));
    await probing(account(two, { model: 'later' }));
    await until(() => two.requests[0]);
    expect(two.requests.map(({ url }) => url)).toEqual(['/v1/realtime?model=later']);
    expect(probed.verdicts).toEqual([]);
  });
});

describe('a configuration is refused', () => {
  const problems = (one: object) => {
    try {
      loadConfig({ file: configFile({ providers: { one: { kind: 'openai', ...one } } }), env: {} });
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each([
    [{ apiKey: 'client', probe: {} }, 'providers.one.probe: expected none: apiKey is client'],
    [{ apiKey: 'k', probe: {} }, 'providers.one.probe: /v1/realtime cannot be dialled: it needs probe.model (model)'],
    [{ apiKey: 'k', probe: { path: '/v1/nowhere' } }, 'providers.one.probe: /v1/nowhere cannot be dialled: '],
    [{ apiKey: 'k', probe: { model: 'm', everyMs: 10 } }, 'providers.one.probe.everyMs: '],
  ])('where %j cannot be dialled', (one, problem) => {
    expect(problems(one)).toContain(problem);
  });
});
