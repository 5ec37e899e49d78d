// Tests what an operator is told: of a configuration by `config check`, and at the start of the server.

import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { gatewaySchema } from '../../../server/config/side/llm-schema.ts';
import { endpointOf, writeKept } from '../../../server/side/llm/catalogue/kept.ts';
import { configFile } from '../../support/config-file.ts';
import { runCommand, serve } from '../../support/served.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

async function check(config: object, data?: string) {
  const more = data === undefined ? [] : ['--data', data];
  const command = runCommand(['config', 'check', '--config', configFile(config), ...more]);
  const { code } = await command.exited;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}

test('config check names what is configured, and shows no secret', async () => {
  const { code, stdout, stderr } = await check({
    keys: [{ id: 'web', secret: 'secret-of-web' }],
    providers: { openai: { apiKey: 'secret-of-openai' } },
  });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe(`the configuration is valid
  keys       web
  providers  openai
  gateways   none
  classes    none
  tasks      none
  budgets    none
  webhooks   none
  store      sqlite in ${resolve('.trunkline')}
`);
});

test('config check tells how often accounts are probed, and what that costs at most a day', async () => {
  const { code, stdout } = await check({
    providers: {
      openai: { apiKey: 'k', probe: { model: 'gpt-realtime' } },
      xai: { apiKey: 'k', probe: { model: 'grok', everyMs: 3_600_000, timeoutMs: 5000 } },
      deepgram: { apiKey: 'k', probe: { everyMs: 86_400_000 } },
      gemini: { apiKey: 'k' },
    },
  });
  expect(code).toBe(0);
  expect(stdout).toContain(`  probes     openai: 1440 handshakes a day, which ask for nothing
  probes     xai: 24 handshakes a day, each connected for 5 s at most: 0.16 USD a day at most
  probes     deepgram: 1 handshake a day, each connected for 10 s at most: without a known price
`);
});

test('config check names what the side path has, and warns of what can never work: exit code 0', async () => {
  const { code, stdout, stderr } = await check({
    gateways: { router: { profile: 'openrouter', apiKey: 'k' } },
    classes: { cheap: { targets: [{ gateway: 'router', model: 'our-alias' }], maxUsdPerCall: 1 } },
    tasks: [{ kind: 'summary', class: 'cheap' }],
    budgets: [
      { class: 'cheap', window: 'day', maxUsd: 5 },
      { each: 'endUser', path: 'direct', window: 'total', maxUsd: 1 },
    ],
  });
  expect(code).toBe(0);
  expect(stdout).toContain('the configuration is valid, with 1 warning\n');
  expect(stdout).toContain(
    '  gateways   router\n  classes    cheap\n  tasks      summary\n  budgets    cheap 5 USD a day, each endUser/direct 1 USD in all\n',
  );
  expect(stderr).toMatch(
    /^warning: \S+trunkline\.yaml:\d+:\d+: classes\.cheap\.targets\[0\]: calls are refused: [^\n]+\n$/,
  );
});

test('a store in use is told in one line, with the process that has it', async () => {
  const gateway = await serve({ keys: [{ id: 'web', secret: 'secret-of-web' }] });
  await until(() => gateway.stderr().endsWith('\n') && gateway.stderr().includes('; store: '));
  expect(gateway.stderr()).toMatch(
    /^trunkline \S+: console http:\S+, admin http:\S+\n {2}keys: web; providers: none; gateways: none; .*; store: sqlite in [^\n]+\n$/,
  );
  const file = configFile({ listen: { port: 0, tlsPort: false }, admin: { port: 0 } });
  const other = runCommand(['serve', '--config', file, '--data', gateway.data]);
  const { code } = await other.exited;
  expect([code, other.stdout()]).toEqual([1, '']);
  expect(other.stderr()).toMatch(
    new RegExp(`^the store \\S+ is in use by the gateway that runs as process ${gateway.run.pid}: stop it, .*\\n$`),
  );
  await gateway.stop();
});

test('the log says once at the start what can never work, and the server starts all the same', async () => {
  const gateway = await serve({
    listen: { proxyProtocol: true },
    providers: { openai: { apiKey: 'k' } },
    webhooks: [{ url: 'https://app.example.com/', secret: 'whsec_###' }],
  });
  await gateway.stop();
  const warned = gateway.lines().filter(({ msg }) => msg === 'a setting should be changed');
  expect(warned.map(({ level, warning }) => [level, String(warning).replace(/^\S+ /, '')])).toEqual([
    [40, 'listen.proxyProtocol: nobody may send the header: expected listen.trustedProxies'],
    [40, 'webhooks[0].secret: nothing can be signed: expected base64 behind whsec_'],
    [40, 'webhooks[0].events: they never happen: no task can run without classes'],
  ]);
});

test('config check counts the models of a class with a pattern, as its catalogue was known last', async () => {
  const gateways = { router: { profile: 'openrouter', apiKey: 'k' } };
  const targets = [{ gateway: 'router', model: 'a/*' }];
  const config = { gateways, classes: { open: { targets }, other: { targets: [{ gateway: 'router', model: 'b' }] } } };
  const data = temporaryFolder('catalogues');
  expect((await check(config, data)).stdout).toContain(
    'open (0 models, and those of router, not fetched yet), other\n',
  );
  const endpoint = endpointOf(gatewaySchema.parse(gateways.router));
  const models = [{ id: 'a/1' }, { id: 'a/2' }, { id: 'c/3' }];
  writeKept({ dataDirectory: data, name: 'router' }, { endpoint, fetchedAt: Date.now(), models, gone: {} });
  expect((await check(config, data)).stdout).toContain('open (2 models), other\n');
});

test('config check says which words a class keeps from its targets, and what it checks', async () => {
  const { stdout } = await check({
    gateways: { router: { profile: 'openrouter', apiKey: 'k' } },
    classes: {
      support: {
        targets: [{ gateway: 'router', model: 'openai/gpt-5-mini' }],
        redact: { kinds: ['email'], patterns: { order: 'ORD-[0-9]+' } },
        guard: { input: [{ name: 'house', words: ['secret'] }], output: [{ kinds: ['card'], action: 'flag' }] },
      },
    },
  });
  expect(stdout).toContain('  classes    support (redacts email, order; checks input house, output 1 (flags))\n');
});
