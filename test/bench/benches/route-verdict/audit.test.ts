// Tests what the bench says of a configuration of the reader's own.

import { expect, test } from 'vitest';
import { auditOf } from '../../../../bench/benches/route-verdict/audit.ts';
import { configFiles } from '../../../support/config-files.ts';

const { write } = configFiles();
const auditedText = (yaml: string) => {
  const [classes, evidence] = auditOf(write(yaml));
  const of = (name: string, factor: string) => classes?.rows.find(([one]) => one === `${name}: ${factor}`)?.slice(1);
  return {
    of,
    evidence: (name: string) => evidence?.rows.find(([one]) => one === name)?.slice(1),
    rows: classes?.rows,
  };
};

const contract = '{ profile: openai, path: direct, apiKey: k-2, retention: zdr, residency: eu }';
const router = '{ profile: openrouter, apiKey: k-1 }';

test('a class alone at one contract has what it promises, and lacks a second place to go', () => {
  const { of } = auditedText(`
gateways: { contract: ${contract} }
classes: { strict: { targets: [{ gateway: contract, model: gpt-5 }], retention: zdr, residency: eu, path: direct, maxUsdPerCall: 0.2 } }
budgets: [{ class: strict, window: day, maxUsd: 5 }]
keys: [{ id: app, secret: a-client-secret-of-16, rates: { callsPerMinute: 5 } }]
`);
  expect(of('strict', 'coverage')).toEqual([
    '1 named: contract/gpt-5',
    'a pattern: models that a gateway lists and nobody named are not offered',
  ]);
  expect(of('strict', 'fallback')).toEqual(['–', 'another target: an outage of this one is one of the class']);
  expect(of('strict', 'governance')).toEqual([
    'retention zdr; residency eu; direct targets alone; regulated text to contract/gpt-5; budgets: budgets[0]; rates of 1 of 1 keys of the file',
    '–',
  ]);
  expect(of('strict', 'cost')).toEqual([
    'contract/gpt-5 1.25/10 USD per million (list); at most 0.2 USD for a call',
    '–',
  ]);
  expect(of('strict', 'lock-in')?.[1]).toBe(
    'a second provider: one request has one place to go; a second gateway: leaving it is a change of this class',
  );
});

test('a routed class has its catalogue, its fallback and its difficulty named, and what is unknown or unbounded is missing', () => {
  const { of } = auditedText(`
gateways: { router: ${router}, contract: ${contract} }
classes:
  open: { targets: [{ gateway: router, model: "*" }] }
  assistant:
    targets: [{ gateway: router, model: vendor/small }, { gateway: contract, model: gpt-5 }]
    escalate: { on: [misfit] }
    difficulty: { rules: [{ when: { tools: true }, class: strong }] }
  strong: { targets: [{ gateway: contract, model: gpt-5 }] }
aliases: { fast: { targets: [{ gateway: router, model: vendor/small }] } }
`);
  expect(of('open', 'coverage')).toEqual([
    'catalogues of router/*',
    'a named target: a call has to name its model, and no task runs in open',
  ]);
  expect(of('assistant', 'coverage')?.[0]).toBe('2 named: router/vendor/small, contract/gpt-5; aliases fast');
  expect(of('assistant', 'fallback')).toEqual([
    '2 targets by order; the next one on misfit; one repeat of faults at router',
    '–',
  ]);
  expect(of('assistant', 'governance')?.[1]).toBe(
    'retention: zdr: whoever serves may keep texts; a residency: texts may go anywhere; a budget that counts it; keys: access is open, on loopback alone',
  );
  expect(of('assistant', 'cost')).toEqual([
    'contract/gpt-5 1.25/10 USD per million (list); cheap first, strong on failure: what it saved is in the report; a class by difficulty',
    'prices of router/vendor/small; a ceiling of a call (maxUsdPerCall); strongest: nothing says what difficulty saved',
  ]);
  expect(of('strong', 'cost')?.[0]).toContain('it serves what difficulty of assistant sends');
  expect(of('assistant', 'lock-in')?.[1]).toBe('–');
});

test('both paths say what they log of model, class, cost and quality, and what nobody set up', () => {
  const bare = auditedText(
    `gateways: { router: ${router} }\nclasses: { open: { targets: [{ gateway: router, model: "*" }] } }`,
  );
  expect(bare.evidence('model choice')?.[2]).toBe('a provider');
  expect(bare.evidence('traces')).toEqual(['–', '–', 'telemetry']);
  expect(bare.evidence('output quality')?.[2]).toMatch(/^scores of its own/);
  const { evidence } = auditedText(`
providers: { openai: { apiKey: sk-1 } }
gateways: { router: ${router} }
classes: { open: { targets: [{ gateway: router, model: vendor/small }] }, voice: { targets: [{ gateway: router, model: vendor/small }] } }
routes: { /v1/realtime: { class: voice } }
tasks: [{ kind: quality, class: open }]
telemetry: { otlp: "https://collector.example.com", sample: 0.5 }
`);
  expect(evidence('model choice')).toEqual([
    'ledger: target, served (openai)',
    'ledger: target, asked, tried, served, why, refused, difficulty',
    '–',
  ]);
  expect(evidence('prompt class')).toEqual(['ledger: class, by key or path', 'ledger: class', '–']);
  expect(evidence('output quality')?.[2]).toBe('–');
  expect(evidence('traces')?.[0]).toBe('spans to collector.example.com, 0.5 of the traces');
});

test('without classes nothing is routed, and a file that is wrong is refused with its place', () => {
  expect(auditedText('{}').rows).toEqual([
    ['(no classes)', 'nothing is routed: only the rehearsal answers calls', 'gateways and classes'],
  ]);
  expect(() => auditOf(write('classes: { a: { targets: [{ gateway: b, model: m }] } }'))).toThrow(
    'classes.a.targets[0].gateway: unknown gateway "b"',
  );
});
