// Settings that load and can never work are warned of, each with its path and what would help; what may work is not.

import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { ensureDevCertificate } from '../../../../server/http/dev-certificate.ts';
import { configFiles } from '../../../support/config-files.ts';

const { folder, warnings } = configFiles();

const gateways = `gateways:
  router: { profile: openrouter, apiKey: key-1 }
  contract: { profile: openai, apiKey: key-2 }
`;
const routed = '{ gateway: router, model: openai/gpt-5-mini }';
const direct = '{ gateway: contract, model: gpt-5-mini }';
/** One class with both targets, and whatever else it says. */
const both = (more = '') => `${gateways}classes: { commodity: { targets: [${routed}, ${direct}]${more} } }\n`;
const oneClass = (targets: string, more = '') => `${gateways}classes: { c: { targets: [${targets}]${more} } }\n`;
const openai = 'providers: { openai: { apiKey: key-3 } }\n';

/** Everything but that the other gateway is unused. */
const others = (yaml: string) => warnings(yaml).filter((line) => !line.includes('it is never asked'));

test('a configuration in which everything has its use gives no warning', () => {
  expect(warnings('')).toEqual([]);
  expect(
    warnings(`${openai}${both(', maxUsdPerCall: 0.05, hedgeMs: 500')}
keys:
  - { id: a, secret: long-enough-a, models: ["openai/*"], class: commodity, dataClass: regulated }
  - { id: b, secret: long-enough-b }
tasks: [{ kind: summary, class: commodity }]
budgets: [{ key: a, class: commodity, window: day, maxUsd: 1 }, { class: realtime, window: day, maxUsd: 1 }]
webhooks: [{ url: "https://a.example.com/", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }]
routes: { /v1/realtime: { dataClass: regulated }, /v1/chat/completions: { class: commodity } }
listen: { origins: ["https://app.example.com", "capacitor://localhost"] }
`),
  ).toEqual([]);
});

test('a gateway that no class asks is warned of', () => {
  expect(warnings(oneClass(routed))).toEqual(['gateways.contract: it is never asked: no class has a target there']);
});

describe('prices', () => {
  const alias = '{ gateway: router, model: our-alias }';
  const refused = (rule: string) =>
    `calls are refused: the price of our-alias is not known, and ${rule} applies; expected prices.our-alias, priceAs, or unknownPrice: allow`;

  test('a target without a price is warned of where a ceiling or a budget applies', () => {
    expect(others(oneClass(alias, ', maxUsdPerCall: 1'))).toEqual([
      `classes.c.targets[0]: ${refused('maxUsdPerCall')}`,
    ]);
    const budgets = 'budgets: [{ class: realtime, window: day, maxUsd: 1 }, { window: day, maxUsd: 1 }]\n';
    expect(others(oneClass(alias) + budgets)).toEqual([`classes.c.targets[0]: ${refused('budgets[1]')}`]);
    const ofKey =
      'keys: [{ id: web, secret: long-enough }]\nbudgets: [{ key: web, class: c, window: day, maxUsd: 1 }]\n';
    expect(others(oneClass(alias) + ofKey)).toEqual([
      `classes.c.targets[0]: ${refused('budgets[0]').replace('calls', 'calls of the key web')}`,
    ]);
    const ofTeam = 'teams: { apps: { budgets: [{ window: day, maxUsd: 1 }] } }';
    expect(others(oneClass(alias) + ofTeam)).toEqual([
      `classes.c.targets[0]: ${refused('teams.apps.budgets[0]').replace('calls', 'calls of the team apps')}`,
    ]);
  });

  test('a target without a price is fine where nothing bounds it, where it is allowed, and where a price is given', () => {
    const bounded = ', maxUsdPerCall: 1';
    expect(others(oneClass(alias))).toEqual([]);
    expect(others(oneClass(alias, `${bounded}, unknownPrice: allow`))).toEqual([]);
    expect(others(`${oneClass(alias, bounded)}prices: { our-alias: { input: 1, output: 2 } }`)).toEqual([]);
    const priced = '{ gateway: router, model: our-alias, priceAs: openai/gpt-5-mini }';
    expect(others(oneClass(priced, bounded))).toEqual([]);
  });

  test('a target without a price is fine where the catalogue of its gateway is fetched, which may have one', () => {
    const pattern = oneClass(
      '{ gateway: router, model: "vendor/*" }, { gateway: router, model: our-alias }',
      ', maxUsdPerCall: 1',
    );
    expect(others(pattern)).toEqual([]);
  });

  test('priceAs with a name that has no price is warned of', () => {
    const priced = '{ gateway: router, model: our-alias, priceAs: another-alias }';
    expect(others(oneClass(priced))).toEqual([
      'classes.c.targets[0]: priceAs gives it no price: the price of another-alias is not known; expected prices.another-alias',
    ]);
  });

  test('a ceiling below two tokens and a budget of nothing are warned of', () => {
    expect(others(oneClass(direct, ', maxUsdPerCall: 0.000001'))[0]).toMatch(
      /^classes\.c\.maxUsdPerCall: no call fits: two tokens cost 0\.000\d+ USD or more$/,
    );
    expect(others(`${oneClass(direct)}budgets: [{ window: day, maxUsd: 0 }]`)).toEqual([
      'budgets[0].maxUsd: no call that costs anything fits into 0 USD',
    ]);
    expect(others(`${oneClass(direct)}teams: { apps: { budgets: [{ window: day, maxUsd: 0 }] } }`)).toEqual([
      'teams.apps.budgets[0].maxUsd: no call that costs anything fits into 0 USD',
    ]);
  });
});

describe('LLM gateways', () => {
  const at = (profile: string, host: string, more = '') =>
    warnings(`gateways: { g: { profile: ${profile}, baseUrl: "https://${host}/v1", apiKey: k${more} } }
classes: { c: { targets: [{ gateway: g, model: a/b }] } }`);

  test('a contract on the host of a router is warned of', () => {
    const router = (owner: string) => [
      `gateways.g.baseUrl: this host is a router, which chooses who serves: expected the profile ${owner}`,
    ];
    expect(at('openai', 'openrouter.ai')).toEqual(router('openrouter'));
    expect(at('anthropic', 'ai-gateway.vercel.sh')).toEqual(router('vercel'));
    expect(at('openai-compatible', 'eu.openrouter.ai', ', path: direct')).toEqual(router('openrouter'));
  });

  test('a profile on the host of another one is warned of, but for the form that both share', () => {
    expect(at('litellm', 'api.openai.com')).toEqual([
      'gateways.g.baseUrl: this host does not take requests of litellm: expected the profile openai',
    ]);
    expect(at('openai-compatible', 'openrouter.ai')).toEqual([]);
    expect(at('openai-compatible', 'api.openai.com', ', path: direct')).toEqual([]);
    expect(at('openai', 'llm.example.com')).toEqual([]);
  });

  test('escalation without another target is warned of', () => {
    expect(others(oneClass(direct, ', escalate: { on: [misfit] }'))).toEqual([
      'classes.c.escalate: there is no other target that could be asked',
    ]);
    expect(warnings(both(', escalate: { on: [length] }'))).toEqual([]);
  });

  test('hedging without another target, or later than the first is given up, is warned of', () => {
    expect(others(oneClass(direct, ', hedgeMs: 100'))).toEqual([
      'classes.c.hedgeMs: there is no other target that could be asked',
    ]);
    expect(warnings(both(', hedgeMs: 100, fallback: false'))).toHaveLength(1);
    expect(warnings(both(', hedgeMs: 500, timeoutMs: 500'))).toEqual([
      'classes.commodity.hedgeMs: it never passes: the first target is given up after 500 ms of silence',
    ]);
  });
});

describe('regulated text', () => {
  const key = (more: string) => `keys: [{ id: a, secret: long-enough, dataClass: regulated${more} }]\n`;
  const noCall = 'regulated text stays on direct targets, and the class c has routed ones only: no call is served';

  test('keys and paths whose classes have routed targets only are warned of', () => {
    expect(others(key('') + oneClass(routed))).toEqual([`keys[0].dataClass: ${noCall}`]);
    expect(others(key(', class: c') + oneClass(routed))).toEqual([`keys[0].dataClass: ${noCall}`]);
    expect(others(key(', classes: [c, realtime]') + oneClass(routed))).toEqual([`keys[0].dataClass: ${noCall}`]);
    expect(others(`${oneClass(routed)}routes: { /v1/tasks: { dataClass: regulated } }`)).toEqual([
      `routes./v1/tasks.dataClass: ${noCall}`,
    ]);
  });

  test('keys with one direct target, with sessions alone, and realtime paths are not', () => {
    expect(others(key('') + both())).toEqual([]);
    expect(others(key(', class: realtime') + both())).toEqual([
      'classes.commodity: no key may use it, and no task has it',
    ]);
    expect(others(`${oneClass(routed)}routes: { /v1/realtime: { dataClass: regulated } }`)).toEqual([]);
  });

  test('tasks are warned of where every session is regulated and nobody may work on it', () => {
    const tasks = `${openai}tasks: [{ kind: summary, class: c }]\n`;
    expect(others(key('') + oneClass(routed) + tasks)).toContain(
      'tasks[0]: it never succeeds: all keys are regulated, and the class c has routed targets only',
    );
    expect(others(`${key('')}${oneClass(direct)}${tasks}regulated: { store: false }`)).toEqual([
      'tasks[0]: it never runs by itself: all keys are regulated, and regulated.store keeps no text of theirs',
    ]);
  });
});

describe('keys, classes and budgets', () => {
  const key = (more: string) => `keys: [{ id: a, secret: long-enough${more} }]\n`;

  test('a class that no key may use is warned of, and a budget that nothing counts in', () => {
    const budgets =
      'budgets: [{ class: commodity, window: day, maxUsd: 1 }, { key: a, class: commodity, window: day, maxUsd: 1 }]';
    expect(warnings(`${key(', class: realtime')}${both()}${budgets}`)).toEqual([
      'classes.commodity: no key may use it, and no task has it',
      'budgets[0]: nothing counts in it: no key may use the class commodity',
      'budgets[1]: nothing counts in it: the key a may not use the class commodity',
    ]);
    const tasks = `${openai}tasks: [{ kind: summary, class: commodity }]\n`;
    expect(warnings(`${key(', class: realtime')}${both()}${tasks}${budgets}`)).toEqual([]);
    expect(warnings(`${key(', classes: [realtime]')}${both()}routes: { /v1/tasks: { class: commodity } }`)).toEqual([]);
  });

  test('a key that has expired, and a team that is a label alone, are warned of', () => {
    const keys = "keys: [{ id: a, secret: secret-1, team: appz, expiresAt: '2020-01-01T00:00:00Z' }]\n";
    expect(others(`${both()}${openai}${keys}teams: { apps: { maxSessions: 1 } }\n`)).toEqual([
      expect.stringContaining('keys[0].expiresAt: the key has expired'),
      expect.stringContaining('keys[0].team: unknown team "appz", expected apps'),
    ]);
  });

  test('a pattern for a provider that is not there, and a provider that no key may use, are warned of', () => {
    expect(warnings(`${openai}${key(', models: ["gemini/*", "*/x"]')}`)).toEqual([
      'keys[0].models[0]: it allows nothing: expected a provider that is configured (openai)',
    ]);
    expect(warnings(`${openai}${key(', models: ["*nope/x", "openai*/x"]')}`)).toEqual([
      'keys[0].models[0]: it allows nothing: expected a provider that is configured (openai)',
    ]);
    expect(warnings(`${openai}${key(', models: ["gemini/*"]')}rehearsal: true`)).toEqual([
      'providers.openai: no key may use it: no keys[].models has openai/',
    ]);
  });

  test('a configuration that serves nothing is warned of', () => {
    expect(warnings('rehearsal: false')).toEqual(['providers: nothing is served: expected providers or gateways']);
    expect(warnings(`rehearsal: false\n${both()}`)).toEqual([]);
  });
});

test('tasks that never run by themselves are warned of', () => {
  const tasks = (of: string) => `${both()}tasks: [{ kind: summary, class: commodity${of} }]`;
  expect(warnings(`${openai}${tasks(', sample: 0')}`)).toEqual(['tasks[0]: it never runs by itself: its sample is 0']);
  expect(warnings(`rehearsal: false\n${tasks('')}`)).toEqual([
    'tasks[0]: it never runs by itself: without providers there are no sessions',
  ]);
  expect(warnings(`rehearsal: false\n${tasks(', when: demand')}`)).toEqual([]);
});

test('paths that there are not, and classes of paths that no key leaves a choice, are warned of', () => {
  expect(warnings('routes: { /v1/realtme: { dataClass: regulated } }')[0]).toMatch(
    /^routes\.\/v1\/realtme: there is no path \/v1\/realtme here; the nearest are \/v1\/realtime, /,
  );
  const keys = 'keys: [{ id: a, secret: long-enough, class: commodity }]\n';
  expect(warnings(`${keys}${both()}routes: { /v1/tasks: { class: commodity } }`)).toEqual([
    'routes./v1/tasks.class: it is never taken: every key has a class of its own, which comes first',
  ]);
});

test('a webhook that cannot sign, and events that never happen, are warned of', () => {
  const hook = (more: string) => `webhooks: [{ url: "https://a.example.com/", ${more} }]\n`;
  const [bad, ...more] = warnings(hook('secret: whsec_not-base64!'));
  expect([bad, more]).toEqual(['webhooks[0].secret: nothing can be signed: expected base64 behind whsec_', []]);
  expect(warnings(hook('secret: any-other-text'))).toEqual([]);
  expect(warnings(`rehearsal: false\n${openai}${hook('secret: any-other-text')}`)).toEqual([
    'webhooks[0].events: they never happen: no task can run without classes',
  ]);
});

test('a header of the PROXY protocol that nobody may send, and a certificate that has ended, are warned of', async () => {
  expect(warnings('listen: { proxyProtocol: true }')).toEqual([
    'listen.proxyProtocol: nobody may send the header: expected listen.trustedProxies',
  ]);
  const { certPath, keyPath } = await ensureDevCertificate(join(folder, 'tls'));
  const tls = `listen: { tls: { cert: "${certPath}", key: "${keyPath}" } }`;
  expect(warnings(tls)).toEqual([]);
  const year = 365 * 24 * 3_600_000;
  vi.setSystemTime(Date.now() + 2 * year);
  expect(warnings(tls)[0]).toMatch(/^listen\.tls\.cert: clients refuse this certificate: it ended on \d{4}-/);
  vi.setSystemTime(Date.now() - 4 * year);
  expect(warnings(tls)[0]).toMatch(/^listen\.tls\.cert: clients refuse this certificate until \d{4}-/);
  vi.useRealTimers();
});

describe('rules that order nothing', () => {
  test('a rule of order, and a least quality, are warned of where a class has one target', () => {
    const weighted = routed.replace(' }', ', weight: 5 }');
    expect(others(oneClass(weighted, ', order: weighted, minQuality: 0.5'))).toEqual([
      'classes.c.order: it orders nothing: the class has one target',
      'classes.c.minQuality: it orders nothing: there is no other target that could come first',
    ]);
    expect(others(oneClass(routed, ', order: price, escalate: { on: [misfit] }'))).toEqual([
      'classes.c.escalate: there is no other target that could be asked',
      'classes.c.order: it orders nothing: the class has one target',
    ]);
    expect(warnings(both(', order: price, minQuality: 0.5, escalate: { on: [misfit] }'))).toEqual([]);
  });

  test('the weight of the only target of an alias is warned of', () => {
    const weighted = (targets: string) => `${both()}aliases: { fast: { targets: [${targets}] } }`;
    const heavy = (target: string) => target.replace(' }', ', weight: 5 }');
    expect(warnings(weighted(heavy(routed)))).toEqual([
      'aliases.fast.targets[0].weight: nothing is drawn: the alias has one target',
    ]);
    expect(warnings(weighted(routed))).toEqual([]);
    expect(warnings(weighted(`${heavy(routed)}, ${heavy(direct)}`))).toEqual([]);
  });
});

test('a name of models whose targets have clients of two vocabularies at one path is warned of', () => {
  const accounts = (models: string) => `providers:
  old: { kind: openai, apiKey: long-enough, clients: beta }
  older: { kind: openai, apiKey: long-enough, clients: beta }
  today: { kind: openai, apiKey: long-enough }
  azure: { apiKey: long-enough, settings: { resource: a } }
  stepfun: { apiKey: long-enough, clients: ga }
models: { ${models} }
`;
  expect(warnings(accounts('voice: [old/m, today/m]'))).toEqual([
    'models.voice: expected targets with clients of one vocabulary at /v1/realtime: those of old speak openai-realtime-beta, those of today openai-realtime',
  ]);
  expect(warnings(accounts('a: [old/m, older/m], b: [today/m, azure/m, stepfun/m]'))).toEqual([]);
});
