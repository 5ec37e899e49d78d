// `config print`: shows everything but secrets, explains it, and can be used as a configuration file.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { printConfig } from '../../../../server/config/file/print.ts';
import { loadConfig } from '../../../../server/config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'trunkline-print-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'printed.yaml');

const written = `
listen: { host: 0.0.0.0, port: 0, tlsPort: false, origins: ["https://app.example.com"] }
admin: { host: 0.0.0.0, token: hunter2-admin }
keys:
  - { id: a, secret: hunter2-key-a, models: ["openai/*"] }
  - { id: b, secret: hunter2-key-b }
providers:
  openai: { apiKey: client }
rehearsal: true
limits: { idleMs: 1234 }
store: { url: "postgres://trunk:hunter2-db@db.example:5432/line?sslmode=require" }
gateways:
  router: { profile: openrouter, apiKey: hunter2-router, residency: eu, retention: zdr }
  contract: { profile: openai, path: direct, apiKey: hunter2-contract }
classes:
  commodity: { targets: [{ gateway: router, model: a/b }, { gateway: contract, model: c }], maxUsdPerCall: 0.05 }
tasks: [{ kind: summary, class: commodity }, { kind: rolling-summary, class: commodity, when: { everyTurns: 4 } }]
budgets: [{ key: a, class: commodity, window: day, maxUsd: 5 }]
webhooks: [{ url: "https://hooks.example/x", secret: hunter2-hook }]
prices: { a/b: { input: 2.5, output: 10 } }
transcripts: P30D
regulated: { store: false }
routes: { /v1/realtime: { class: commodity, dataClass: regulated } }
`;

/** Loads what `yaml` says, prints it and loads that. */
function roundTrip(yaml: string, env = {}) {
  writeFileSync(file, yaml);
  const first = loadConfig({ file, env });
  const printed = printConfig(first);
  writeFileSync(file, printed);
  return { first, printed, second: loadConfig({ file, env: {} }) };
}

test('printConfig shows every default and no secret', () => {
  const { printed } = roundTrip(written, { GEMINI_API_KEY: 'hunter2-env' });
  expect(printed).not.toContain('hunter2');
  expect(printed).toContain('pingMs: 15000');
  expect(printed).toContain('apiKey: client');
  expect(printed).toContain('postgres://trunk:********@db.example:5432/line?sslmode=require');
});

test('printConfig explains every setting: values beside them, sections above them', () => {
  const lines = roundTrip(written).printed.split('\n');
  const isExplained = (line: string, index: number) => line.includes(' # ') || lines[index - 1]?.trim().startsWith('#');
  const unexplained = lines.filter((line, index) => /^[ -]*[\w/-]+:( |$)/.test(line) && !isExplained(line, index));
  const names = ['openai:', 'router:', 'contract:', 'commodity:', 'a/b:', '/v1/realtime:'];
  expect(unexplained.map((line) => line.trim()).sort()).toEqual([...names, 'everyTurns: 4'].sort());
});

test('the printed configuration is accepted as a file and means the same, apart from the secrets', () => {
  const { first, second } = roundTrip(written, { GEMINI_API_KEY: 'hunter2-env' });
  const said = { isAccessGiven: true };
  const secrets = { admin: 0, keys: 0, providers: 0, store: 0, gateways: 0, webhooks: 0 };
  expect({ ...second, ...secrets }).toEqual({ ...first, ...secrets, ...said });
  expect(second.keys.map(({ secret: _, ...rest }) => rest)).toEqual(first.keys.map(({ secret: _, ...rest }) => rest));
  const { apiKey: _, ...gemini } = first.providers.gemini ?? {};
  expect(second.providers.gemini).toMatchObject(gemini);
  const withoutKeys = ({ gateways }: typeof first) =>
    Object.entries(gateways).map(([name, { apiKey: _, ...rest }]) => [name, rest]);
  expect(withoutKeys(second)).toEqual(withoutKeys(first));
  expect(second.webhooks.map(({ url }) => url)).toEqual(['https://hooks.example/x']);
});

test('printConfig hides only the password of a store', () => {
  const url = (written: string) => roundTrip(`store: { url: "${written}" }`).second.store.url;
  expect(url('sqlite')).toBe('sqlite');
  expect(url('postgres://trunk:hunter2@db.example:5432/line')).toBe('postgres://trunk:********@db.example:5432/line');
  expect(url('postgres://db.example/line?user=u&password=hunter2')).toBe(
    'postgres://db.example/line?user=u&password=********',
  );
  expect(url('postgres://not a url hunter2')).not.toContain('hunter2');
  expect(url('postgres://trunk:12/hunter2@db.example/line')).toBe('postgres://********');
});

test('printConfig shows nothing of a secret: neither its ends nor its length', () => {
  const yaml = (secret: string) => `
keys: [{ id: a, secret: "${secret}" }]
admin: { token: "${secret}" }
providers: { openai: { apiKey: "${secret}" } }
gateways: { g: { profile: portkey, apiKey: "${secret}", settings: { virtualKey: "${secret}" } } }
webhooks: [{ url: "https://hooks.example/x?token=${secret}&v=1", secret: "${secret}" }]
store: { url: "postgres://trunk:${secret}@db.example/line" }
`;
  const short = roundTrip(yaml('Kq8-Zx4_')).printed;
  expect(short).toBe(roundTrip(yaml('another-secret-which-is-longer')).printed);
  expect(short).toContain('https://hooks.example/x?token=********&v=********');
  expect(short).toContain('virtualKey: "********"');
});

test('the printed configuration keeps the rehearsal of open mode', () => {
  const { first, second } = roundTrip('');
  expect(first.rehearsal).not.toBe(false);
  expect(second).toEqual({ ...first, isAccessGiven: true });
});
