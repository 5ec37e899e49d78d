// Holds the rules of `promtool check metrics` on what a whole gateway says that has worked: they are those of client_golang's promlint.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../../../server/platform/entry.ts';
import { openClient } from '../../support/gateway.ts';
import { type LlmGateway, llmGateway } from '../../support/llm-gateway.ts';
import { metricsOnPage, sample } from '../../support/metrics.ts';
import type { FakeProvider } from '../../support/provider.ts';
import { type Served, serve } from '../../support/served.ts';
import { startTurnProvider, turn } from '../../support/turn-provider.ts';
import { until } from '../../support/until.ts';

const KEY = { authorization: 'Bearer secret-of-web' };
let provider: FakeProvider;
let llm: LlmGateway;
let served: Served;
let text = '';
beforeAll(async () => {
  provider = await startTurnProvider();
  llm = await llmGateway();
  served = await serve({
    provider: provider.url,
    tasks: [],
    metrics: { labels: ['key', 'team', 'model'] },
    keys: [{ id: 'web', secret: 'secret-of-web', team: 'blue' }],
    gateways: { contract: { profile: 'openai', apiKey: 'x', baseUrl: llm.baseUrl, allowPrivate: true } },
    classes: { app: { targets: [{ gateway: 'contract', model: 'gpt-5-mini' }] } },
    budgets: [{ key: 'web', class: 'app', window: 'day', maxUsd: 1 }],
  });
  const client = await openClient(`${served.url}/v1/realtime?model=gpt-realtime-2.1`, { headers: KEY });
  await turn(client, 'words');
  client.close();
  const answer = await fetch(`http://127.0.0.1:${served.run.listen.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5-mini', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  expect([answer.status, (await answer.text()).includes('[DONE]')]).toEqual([200, true]);
  text = await until(async () => {
    const scraped = await (await fetch(`${served.admin}/metrics`)).text();
    const hasAll =
      sample(scraped, 'trunkline_side_attempts_total') > 0 && sample(scraped, 'trunkline_closes_total') > 0;
    return hasAll && sample(scraped, 'trunkline_budget_used_micro_usd') > 0 && scraped;
  });
});
afterAll(async () => {
  await served?.stop();
  await llm?.close();
  await provider?.close();
});

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Metrics with the names of their labels, in the text format 0.0.4. */
function families(): readonly Family[] {
  const lines = text.split('\n');
  return lines.flatMap((line) => {
    const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name === '') return [];
    const [, help = ''] = lines.map((other) => other.match(`^# HELP ${name} (.*)$`)).find((found) => found) ?? [];
    const samples = lines.filter((other) => other.match(`^${name}(_bucket|_sum|_count)?[{ ]`));
    const labels = samples.flatMap((one) => [...one.matchAll(/[{,]([A-Za-z_]\w*)="/g)].map(([, label = '']) => label));
    return [{ name, type, help, labels: [...new Set(labels)] }];
  });
}

const UNITS = /^(seconds|celsius|meters|bytes|ratio|volts|amperes|joules|grams)$/;
const OTHER_UNITS =
  /^(minutes|hours|days|weeks|kelvins?|fahrenheit|inches|feet|yards|miles|bits|calories|pounds|ounces|(pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mibi|giga|gibi|tera|tebi|peta|pebi)(seconds|meters|bytes|volts|amperes|joules|grams|bits))$/;
const ABBREVIATIONS = /^(s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)$/;

/** The complaints of promtool about one metric. */
function complaints({ name, type, help, labels }: Family): string[] {
  const parts = name.toLowerCase().split('_');
  const isDistribution = type === 'histogram' || type === 'summary';
  const rules: Readonly<Record<string, boolean>> = {
    'no help text': help === '',
    'counter metrics should have "_total" suffix': type === 'counter' && !name.endsWith('_total'),
    'non-counter metrics should not have "_total" suffix': type !== 'counter' && name.endsWith('_total'),
    'non-histogram and non-summary metrics should not have "_bucket", "_count" or "_sum"':
      !isDistribution && /_(bucket|count|sum)$/.test(name),
    'should not have "le" or "quantile" label':
      !isDistribution && labels.some((label) => /^(le|quantile)$/.test(label)),
    'use base unit': parts.some((part) => OTHER_UNITS.test(part) && !UNITS.test(part)),
    'should not contain abbreviated units': parts.some((part) => ABBREVIATIONS.test(part)),
    'should not include type': parts.some((part) => /^(counter|gauge|histogram|summary|untyped)$/.test(part)),
    'should not contain ":"': name.includes(':'),
    'should be in snake_case': [name, ...labels].some((word) => /[a-z][A-Z]/.test(word)),
  };
  return Object.entries(rules).flatMap(([rule, isBroken]) => (isBroken ? [`${name}: ${rule}`] : []));
}

test('promtool has nothing to say of any metric', () => {
  const found = families();
  expect(found.length).toBeGreaterThan(40);
  expect(found.flatMap(complaints)).toEqual([]);
  expect(new Set(found.map(({ name }) => name)).size).toBe(found.length);
});

test('docs/operations.md has the labels of each metric that has samples, beside those that a configuration asks for', () => {
  const onPage = metricsOnPage();
  const configured = ['key', 'team', 'model', 'le'];
  const own = families().filter(({ name, labels }) => name.startsWith('trunkline_') && labels.length > 0);
  const differing = own.flatMap(({ name, labels }) => {
    const documented = onPage.get(name) ?? [];
    const missing = labels.filter((label) => !documented.includes(label) && !configured.includes(label));
    const invented = documented.filter((label) => !labels.includes(label));
    return [...missing, ...invented].map((label) => `${name}: ${label}`);
  });
  expect(own.length).toBeGreaterThan(15);
  expect(differing).toEqual([]);
});

test('the build says its version once, however many processes there are', () => {
  expect(sample(text, 'trunkline_build_info', { version })).toBe(1);
  expect(text).toMatch(/^trunkline_build_info\{version="[^"]+",node="24\.[^"]+"\} 1$/m);
});

test('dials, first audio and first tokens have histograms by provider and by target', () => {
  expect(sample(text, 'trunkline_dial_seconds_count', { provider: 'openai', outcome: 'open' })).toBe(1);
  expect(sample(text, 'trunkline_turn_seconds_count', { provider: 'openai' })).toBeGreaterThan(0);
  expect(sample(text, 'trunkline_side_dial_seconds_count', { gateway: 'contract' })).toBe(1);
  const target = { gateway: 'contract', model: 'gpt-5-mini' };
  expect(sample(text, 'trunkline_side_first_token_seconds_count', target)).toBe(1);
});

test('sessions, attempts and costs have the labels that the configuration asks for', () => {
  const key = { key: 'web', team: 'blue' };
  expect(sample(text, 'trunkline_sessions_opened_total', { ...key, model: 'gpt-realtime-2.1' })).toBe(1);
  expect(sample(text, 'trunkline_closes_total', { ...key, model: 'gpt-realtime-2.1' })).toBe(1);
  expect(sample(text, 'trunkline_side_attempts_total', { ...key, model: 'gpt-5-mini' })).toBe(1);
  expect(sample(text, 'trunkline_side_cost_micro_usd_total', { ...key, model: 'gpt-5-mini' })).toBeGreaterThan(0);
});

test('budgets say what is used and what is left', () => {
  const budget = { key: 'web', class: 'app', window: 'day' };
  const used = sample(text, 'trunkline_budget_used_micro_usd', budget);
  expect(used).toBeGreaterThan(0);
  expect(sample(text, 'trunkline_budget_left_micro_usd', budget)).toBeLessThanOrEqual(1e6 - used);
});
