// The code that "Connect your app" shows: it is that of the documents, it holds any settings, and it runs.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GatewayInfo } from '../../../../../server/console/api/gateway.ts';
import type { ClientApp } from '../../../../../server/console/dialects/connect/app.ts';
import { appsOf, connectApp } from '../../../../../server/console/dialects/connect/connect.ts';
import { modes } from '../../../../../server/console/dialects/modes.ts';
import { guideBlocks, root } from '../../../../support/pages.ts';
import { type ServedGateway, serveGateway } from '../../../../support/sdk.ts';

const dialects = [...new Set(modes.map(({ dialect }) => dialect))];
const apps = dialects.flatMap((dialect) => appsOf(dialect));
const trust = ['NODE_EXTRA_CA_CERTS=/tls/ca.pem', 'SSL_CERT_FILE=/tls/ca.pem'];
const local = { origin: 'http://127.0.0.1:8080', tls: { port: 8443, trust } };
const settings = { model: 'm', key: '', callClass: '' };

function appNamed(id: string): ClientApp {
  const app = apps.find((app) => app.id === id);
  if (app === undefined) throw new Error(`there is no app ${id}`);
  return app;
}

const connected = (id: string, place: Parameters<typeof connectApp>[1] = local, more: object = {}) =>
  connectApp(appNamed(id), place, { ...settings, ...more });

describe('the text', () => {
  const codes = guideBlocks.map(({ code }) => code);
  const documented = apps.filter(({ language }) => language === 'js' || language === 'python');

  test.each(documented)('$label ($id) has the program of the documents, word for word', (app) => {
    const models = ['gpt-realtime-2.1', 'gemini-3.8-live', 'gpt-5-mini'];
    const programs = models.map((model) => connectApp(app, local, { ...settings, model }).program);
    expect(programs.filter((program) => codes.includes(program))).toHaveLength(1);
  });

  test('the page with useChat has the code of the documents, with the secret that they speak of', () => {
    const { program, start, hints } = connected('use-chat', local, { model: 'gpt-5-mini' });
    expect(codes).toContain(program.replace("const secret = 'my-gateway-key';\n", ''));
    expect(start).toBe('npm install ai @ai-sdk/react');
    expect(hints.join()).toContain('listen.origins');
  });

  test('an SDK that dials nothing but TLS gets that address, and the line for the certificate', () => {
    const { program, start, hints } = connected('openai-node');
    expect(program).toContain("baseURL: 'https://localhost:8443/v1'");
    expect(start).toBe('npm install openai ws\nNODE_EXTRA_CA_CERTS=/tls/ca.pem node talk.mjs');
    expect(hints).toEqual([]);
    expect(connected('google-genai-python').start).toContain('\nSSL_CERT_FILE=/tls/ca.pem python3 talk.py');
    expect(connected('openai-python').start).not.toContain('SSL_CERT_FILE');
  });

  test('a page that came over TLS has its own address for each of them', () => {
    const secure = { ...local, origin: 'https://localhost:8443' };
    expect(connected('agents-realtime', secure).program).toContain("'wss://localhost:8443/v1/realtime?model=m'");
    expect(connected('agents-realtime', secure).start).toContain('NODE_EXTRA_CA_CERTS=/tls/ca.pem node');
    expect(connected('curl', secure).program).toMatch(
      /^SSL_CERT_FILE=\S+ curl https:\/\/localhost:8443\/v1\/responses /,
    );
    expect(connected('use-chat', secure).hints.join()).toContain('import its ca.pem');
    const behindProxy = { ...local, origin: 'https://gateway.example.com' };
    expect(connected('openai-node', behindProxy)).toMatchObject({ hints: [], start: expect.not.stringContaining('=') });
    expect(connected('openai-node', behindProxy).program).toContain("'https://gateway.example.com/v1'");
  });

  test('an SDK that dials nothing but TLS says so where there is none that it could trust', () => {
    expect(connected('openai-node', { origin: local.origin, tls: undefined }).hints).toEqual([
      'It dials nothing but TLS, which this gateway does not serve: set listen.tlsPort.',
    ]);
    const elsewhere = { ...local, origin: 'http://gateway.lan:8080' };
    expect(connected('openai-node', elsewhere).hints.join()).toContain('for localhost: set listen.tls');
    expect(connected('openai-node', { ...elsewhere, tls: { port: 8443 } })).toMatchObject({
      hints: [],
      program: expect.stringContaining("'https://gateway.lan:8443/v1'"),
    });
  });

  test('a class is a header of every app that chats', () => {
    for (const { id } of appsOf(modes.find(({ id }) => id === 'openai-responses-text')?.dialect ?? modes[0].dialect)) {
      const { program } = connected(id, local, { callClass: 'support' });
      expect(program).toMatch(/['"]x-trunkline-class['"]?: ['"]?support['"]/);
    }
  });
});

describe('programs', () => {
  let gateway: ServedGateway;
  let info: GatewayInfo;
  beforeAll(async () => {
    const times = { firstAudioMs: 10, firstTextMs: 10, tokenMs: 1, audioSpeed: 100 };
    gateway = await serveGateway({ rehearsal: { times, awaitPlayback: false } });
    info = (await (await fetch(`${gateway.http}/console.json`)).json()) as GatewayInfo;
  });
  afterAll(() => gateway?.close());

  /** Runs a program with the variables of the line that starts it. */
  async function run(id: string, model: string, key = `it's "mine"\\`): Promise<string> {
    const app = appNamed(id);
    const place = { origin: gateway.http, tls: info.tls };
    const { program, start } = connectApp(app, place, { ...settings, model, key });
    const variables = [...start.matchAll(/([A-Z_]+)=(\S+) /g)].map(([, name, value]) => [name, value]);
    const code = program.replace("'trunkline/client'", "'./client/index.ts'");
    const [command, ...args] =
      app.language === 'sh' ? ['sh', '-c', code] : [process.execPath, '--input-type=module', '-e', code];
    const env = { PATH: process.env.PATH, ...Object.fromEntries(variables) };
    const { stdout } = await promisify(execFile)(command as string, args, { cwd: root, env, timeout: 25_000 });
    return stdout;
  }

  test('the gateway tells what its clients trust', () => {
    expect(info.tls).toEqual({
      port: Number(new URL(gateway.https).port),
      trust: Object.entries(gateway.environment).map((pair) => pair.join('=')),
    });
  });

  // The models are those that the page begins with.
  const chat = modes.find(({ id }) => id === 'openai-responses-text')?.dialect.models.text[0] ?? '';
  const voice = modes[0].dialect.models.voice[0] ?? '';
  const live = modes.find(({ id }) => id === 'gemini-live-voice')?.dialect.models.voice[0] ?? '';

  test.each([
    ['openai-node', voice],
    ['agents-realtime', voice],
    ['google-genai-node', live],
    ['openai-responses-node', chat],
    ['ai-sdk', chat],
    ['curl', chat],
  ])('%s runs as it is shown, whatever the key has in it', async (id, model) => {
    expect(await run(id, model)).toContain('This is the rehearsal provider. You wrote: Hello');
  });

  test('client-realtime runs as it is shown', async () => {
    expect(await run('client-realtime', voice, 'a-key')).toBe('This is the rehearsal provider. You wrote: Hello\n');
  });
});
