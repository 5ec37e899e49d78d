// Settings of the side path that do not fit together are refused when the configuration is loaded, with their path.

import { describe, expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { load, refusal } = configFiles();
const gateways = 'gateways: { router: { profile: openrouter, apiKey: key-1 } }';
const classes = 'classes: { commodity: { targets: [{ gateway: router, model: a/b }] } }';
const both = `${gateways}\n${classes}`;

describe('names', () => {
  test('of unknown gateways and classes are refused, with the one that may be meant', () => {
    expect(refusal(`${gateways}\nclasses: { c: { targets: [{ gateway: ruoter, model: m }] } }`)).toEqual([
      'classes.c.targets[0].gateway: unknown gateway "ruoter", expected router; did you mean router?',
    ]);
    expect(refusal('classes: { c: { targets: [{ gateway: router, model: m }] } }')).toEqual([
      'classes.c.targets[0].gateway: unknown gateway "router": none is configured',
    ]);
    const named = [
      ['tasks: [{ kind: summary, class: comodity }]', 'tasks[0].class'],
      ['budgets: [{ class: comodity, window: day, maxUsd: 1 }]', 'budgets[0].class'],
      ['routes: { /v1/realtime: { class: comodity } }', 'routes./v1/realtime.class'],
      ['keys: [{ id: a, secret: long-enough, class: comodity }]', 'keys[0].class'],
    ] as const;
    for (const [yaml, path] of named)
      expect(refusal(`${both}\n${yaml}`)).toEqual([
        `${path}: unknown class "comodity", expected ${path.startsWith('tasks') ? 'commodity' : 'one of commodity, realtime'}; did you mean commodity?`,
      ]);
  });

  test('of the rehearsal cannot be given to a gateway or a class', () => {
    const yaml =
      'gateways: { rehearsal: { profile: openai, apiKey: k } }\nclasses: { rehearsal: { targets: [{ gateway: rehearsal, model: m }] } }';
    expect(refusal(yaml)).toEqual([
      'gateways.rehearsal: expected another name, got "rehearsal", which is that of the rehearsal',
      'classes.rehearsal: expected another name, got "rehearsal", which is that of the rehearsal',
    ]);
  });

  test('of keys in budgets must be those of configured keys', () => {
    const keys = 'keys: [{ id: demo, secret: long-enough }]';
    expect(refusal(`${keys}\n${both}\nbudgets: [{ key: dmeo, window: day, maxUsd: 1 }]`)[0]).toMatch(
      /^budgets\[0\]\.key: .*did you mean demo/,
    );
    expect(refusal(`${keys}\n${both}\nbudgets: [{ key: "*", window: day, maxUsd: 1 }]`)[0]).toContain(
      'without one it is for every key',
    );
    const ofTeam = 'teams: { apps: { budgets: [{ class: comodity, window: day, maxUsd: 1 }] } }';
    expect(refusal(`${both}\n${ofTeam}`)[0]).toMatch(/^teams\.apps\.budgets\[0\]\.class: unknown class/);
    const twice = 'budgets: [{ key: demo, window: day, maxUsd: 1 }, { key: demo, window: day, maxUsd: 2 }]';
    expect(refusal(`${keys}\n${both}\n${twice}`)[0]).toMatch(/^budgets\[1\]: expected a budget of its own/);
    const day = '[{ window: day, maxUsd: 1 }]';
    const own = `keys: [{ id: demo, secret: long-enough, budgets: ${day} }]\nteams: { apps: { budgets: ${day} } }`;
    const ofAll = 'budgets: [{ key: demo, window: day, maxUsd: 3 }, { team: apps, window: day, maxUsd: 3 }]';
    expect(refusal(`${own}\n${ofAll}`)).toEqual([
      'teams.apps.budgets[0]: expected a budget of its own, got what budgets[1] counts',
      'keys[0].budgets[0]: expected a budget of its own, got what budgets[0] counts',
    ]);
  });
});

describe('gateways', () => {
  const gateway = (text: string) => `gateways: { g: { ${text} } }`;

  test('need a URL that may be called, and a credential', () => {
    expect(refusal(gateway('profile: litellm'))).toEqual([
      'gateways.g.baseUrl: missing, expected the URL of this litellm',
      'gateways.g.apiKey: missing, expected a credential (any word, where the endpoint wants none)',
    ]);
    const urls = [
      ['http://llm.example/v1', 'http: needs allowPrivate'],
      ['https://10.0.0.1/v1', 'expected a public address'],
      ['https://localhost/v1', 'expected a public address'],
      ['https://[::ffff:127.0.0.1]/v1', 'expected a public address'],
      ['https://llm.example/v1?key=x', 'without query'],
      ['ftp://llm.example', 'expected an https: URL'],
      ['llm.example', 'expected a URL such as'],
    ];
    for (const [url, words] of urls) {
      const [line, ...more] = refusal(gateway(`profile: litellm, apiKey: k, baseUrl: "${url}"`));
      expect(line).toMatch(/^gateways\.g\.baseUrl: /);
      expect(line).toContain(words);
      expect(more).toEqual([]);
    }
    expect(
      refusal(gateway('profile: litellm, apiKey: k, baseUrl: "https://me:hunter2@llm.example"')).join(),
    ).not.toContain('hunter2');
    load(gateway('profile: litellm, apiKey: k, allowPrivate: true, baseUrl: "http://127.0.0.1:4000"'));
  });

  test('that choose who serves cannot be direct', () => {
    const urls = { litellm: true, bifrost: true, 'openai-compatible': true };
    for (const profile of ['openrouter', 'litellm', 'portkey', 'vercel', 'cloudflare', 'bifrost']) {
      const url = profile in urls ? ', baseUrl: "https://llm.example/v1"' : '';
      const settings = profile === 'cloudflare' ? ', settings: { account: a, gateway: b }' : '';
      expect(refusal(gateway(`profile: ${profile}, apiKey: k, path: direct${url}${settings}`))).toEqual([
        `gateways.g.path: expected routed, got "direct": ${profile} chooses who serves (an endpoint of your own that serves itself has the profile openai-compatible)`,
      ]);
      load(gateway(`profile: ${profile}, apiKey: k, path: routed${url}${settings}`));
    }
    load(gateway('profile: openai-compatible, apiKey: k, path: direct, baseUrl: "https://llm.example/v1"'));
    load(gateway('profile: openai, apiKey: k, path: routed'));
  });

  test('take the settings of their profile only', () => {
    expect(refusal(gateway('profile: cloudflare, apiKey: k, settings: { acount: x }'))).toEqual([
      'gateways.g.settings.acount: unknown key, expected one of account, gateway, mode; did you mean account?',
      'gateways.g.settings.account: missing, cloudflare needs it',
      'gateways.g.settings.gateway: missing, cloudflare needs it',
    ]);
    expect(refusal(gateway('profile: gemini, apiKey: k, settings: { x: y }'))[0]).toContain('expected embeddings');
  });

  test('must have a base URL of the region that they state', () => {
    const eu = (url: string) => gateway(`profile: openrouter, apiKey: k, residency: eu, baseUrl: "${url}"`);
    expect(refusal(eu('https://openrouter.ai/api/v1'))[0]).toMatch(
      /^gateways\.g\.baseUrl: expected a baseUrl that keeps to eu/,
    );
    load(eu('https://eu.openrouter.ai/api/v1'));
    load(gateway('profile: openrouter, apiKey: k, residency: eu'));
  });
});

test('a target that could never serve its class is refused', () => {
  const target = (terms: string) =>
    refusal(
      `gateways: { lite: { profile: litellm, apiKey: k, baseUrl: "https://llm.example" } }
classes: { c: { targets: [{ gateway: lite, model: m }], ${terms} } }`,
    );
  for (const [terms, words] of [
    ['retention: zdr', 'nothing says that this target keeps nothing'],
    ['residency: eu', 'wants residency eu'],
    ['path: direct', 'its path is routed'],
    ['allow: { models: [x] }', 'fits none of allow.models'],
    ['allow: { providers: [x] }', 'nothing says who serves'],
  ] as const) {
    const [line, ...more] = target(terms);
    expect(line).toMatch(/^classes\.c\.targets\[0\]: expected a target that may serve this class/);
    expect(line).toContain(words);
    expect(more).toEqual([]);
  }
  const twice = 'classes: { c: { targets: [{ gateway: router, model: m }, { gateway: router, model: m }] } }';
  expect(refusal(`${gateways}\n${twice}`)).toEqual([
    'classes.c.targets[1]: expected a target of its own, got one of before again',
  ]);
});

describe('tasks', () => {
  const task = (text: string, more = '') => `${both}\ntasks: [{ class: commodity, ${text} }]\n${more}`;

  test('have a kind that is built in, or a prompt', () => {
    expect(refusal(task('kind: sumary'))[0]).toMatch(
      /^tasks\[0\]\.kind: unknown kind "sumary".*did you mean summary\?; one of your own needs a prompt$/,
    );
    load(task('kind: haiku, prompt: "Write a haiku.", schema: { type: object }'));
  });

  test('have labels and a schema where they need them, and only there', () => {
    expect(refusal(task('kind: classification'))).toEqual([
      'tasks[0].labels: missing, expected the labels to choose from',
    ]);
    expect(refusal(task('kind: summary, labels: [a, b]'))[0]).toContain('a summary has no labels');
    expect(refusal(task('kind: classification, labels: [a, a]'))).toEqual([
      'tasks[0].labels: expected labels that differ',
    ]);
    expect(refusal(task('kind: extraction'))[0]).toMatch(/^tasks\[0\]\.schema: missing/);
    load(task('kind: classification, labels: [a, b]'));
    expect(refusal(task('kind: haiku, prompt: "Write a haiku."'))[0]).toMatch(/^tasks\[0\]\.schema: missing/);
    expect(refusal(task('kind: extraction, schema: { type: object, properties: 5 }'))[0]).toMatch(
      /^tasks\[0\]\.schema: expected a JSON Schema, got: /,
    );
    load(task('kind: extraction, schema: { type: object }'));
  });

  test('need transcripts, unless they come on demand', () => {
    expect(refusal(task('kind: summary', 'transcripts: off'))[0]).toMatch(/^tasks\[0\]\.when: expected demand/);
    load(task('kind: summary, when: demand', 'transcripts: off'));
    expect(load('transcripts: off').tasks).toEqual([]);
  });

  test('must differ in kind or moment', () => {
    const tasks = 'tasks: [{ kind: title, class: commodity }, { kind: title, class: commodity }]';
    expect(refusal(`${both}\n${tasks}`)[0]).toMatch(
      /^tasks\[1\]\.kind: expected a kind of its own, got that of tasks\[0\]/,
    );
    load(
      `${both}\ntasks: [{ kind: title, class: commodity }, { kind: title, class: commodity, when: { everyTurns: 5 } }]`,
    );
    const twice =
      'tasks: [{ kind: title, class: commodity, when: { everyTurns: 5 } }, { kind: title, class: commodity, when: { everyTurns: 3 } }]';
    expect(refusal(`${both}\n${twice}`)[0]).toMatch(/^tasks\[1\]\.kind: expected a kind of its own/);
  });
});

describe('scores of results', () => {
  const tasks = (...list: string[]) => `${both}\ntasks: [${list.map((one) => `{ class: commodity, ${one} }`).join()}]`;

  test('must be of known kinds, and never of scores', () => {
    expect(refusal(tasks('kind: quality, of: [sumary]'))[0]).toMatch(
      /^tasks\[0\]\.of\[0\]: unknown kind "sumary".*did you mean summary\?$/,
    );
    expect(refusal(tasks('kind: quality, of: [title, quality]'))).toEqual([
      'tasks[0].of[1]: expected another kind: what scores is never scored',
    ]);
    expect(refusal(tasks('kind: quality, of: []'))[0]).toMatch(/^tasks\[0\]\.of: expected at least 1 entry/);
    load(tasks('kind: quality, of: [haiku]', 'kind: haiku, prompt: "Write one.", schema: { type: object }'));
  });

  test('are given once for each kind, beside those of sessions', () => {
    expect(refusal(tasks('kind: quality, of: [title, title]'))).toEqual(['tasks[0].of[1]: expected kinds that differ']);
    expect(refusal(tasks('kind: quality, of: [title]', 'kind: quality, of: [summary, title]'))).toEqual([
      'tasks[1].of[1]: expected a kind that is scored once, tasks[0] does so',
    ]);
    load(tasks('kind: quality, of: [title]', 'kind: quality', 'kind: quality, of: [summary]'));
  });

  test('come when their task is done, and from `quality` alone', () => {
    expect(refusal(tasks('kind: quality, of: [title], when: { everyTurns: 3 }'))).toEqual([
      'tasks[0].when: expected none: it comes when a task that it is of is done',
    ]);
    expect(refusal(tasks('kind: summary, of: [title]'))).toEqual([
      'tasks[0].of: expected none: a summary is not of other tasks',
    ]);
  });
});

test('a key has one class or several to choose from, and all of them exist', () => {
  const key = (text: string) => `${both}\nkeys: [{ id: a, secret: long-enough, ${text} }]`;
  expect(refusal(key('classes: [comodity]'))).toEqual([
    'keys[0].classes[0]: unknown class "comodity", expected one of commodity, realtime; did you mean commodity?',
  ]);
  expect(refusal(key('class: commodity, classes: [commodity]'))).toEqual([
    'keys[0].classes: expected class or classes: this key is bound to commodity',
  ]);
  load(key('classes: [commodity, realtime]'));
});

test('webhooks go to public https: URLs, unless they are allowed to go elsewhere', () => {
  const hook = (url: string, more = '') => `webhooks: [{ url: "${url}", secret: long-enough ${more} }]`;
  expect(refusal(hook('http://hooks.example'))[0]).toMatch(/^webhooks\[0\]\.url: expected an https: URL/);
  expect(refusal(hook('https://169.254.169.254/x'))[0]).toContain('expected a public address');
  load(hook('https://hooks.example/x?y=z'));
  load(hook('http://127.0.0.1:9000', ', allowPrivate: true'));
});

test('an entry of prices without any price is refused', () => {
  expect(refusal('prices: { some/model: {} }')).toEqual([
    'prices.some/model: expected at least one price, in USD per million tokens',
  ]);
});

test('the rehearsal has its tasks, in a class of its own, where nothing is configured', () => {
  const config = load('');
  expect(config.hasRehearsalGateway).toBe(true);
  expect(config.tasks.map((task) => task.class)).toContain('rehearsal');
});

describe('the quota of body bytes', () => {
  const side = (requestBytes: number) => `side: { maxBodyBytes: 2048, requestBytes: ${requestBytes} }`;

  test('must have room for the largest body', () => {
    expect(refusal(side(2047))).toEqual([
      'side.maxBodyBytes: expected at most 2047, which is side.requestBytes, got 2048',
    ]);
    expect(load(side(2048)).side.requestBytes).toBe(2048);
    expect(refusal('side: { requestBytes: 4194303 }')[0]).toMatch(/^side\.maxBodyBytes: .*got 4194304/);
  });

  test('must have room for the largest body in the share of one key', () => {
    const key = (id: string) => `{ id: ${id}, secret: long-enough-${id} }`;
    const two = `keys: [${key('a')}, ${key('b')}]`;
    expect(refusal(`access: keys\n${side(4095)}`)).toHaveLength(1);
    expect(refusal(`${two}\n${side(4095)}`)).toEqual([
      "side.maxBodyBytes: expected at most 2047, which is one key's share of side.requestBytes, got 2048",
    ]);
    expect(load(`${two}\n${side(4096)}`).side.requestBytes).toBe(4096);
  });
});

describe('keep', () => {
  test('is a duration of a day or more, and nothing by default', () => {
    expect(load('{}').keep).toEqual({});
    expect(load('keep: { ledger: P400D, tasks: P90D }').keep).toEqual({ ledger: 'P400D', tasks: 'P90D' });
    for (const given of ['P0D', 'PT23H', '90 days', 'P3M'])
      expect(refusal(`keep: { tasks: ${given} }`)).toEqual([
        expect.stringContaining('keep.tasks: expected a duration of a day or more, such as P400D'),
      ]);
  });

  test('is as long as the longest window of a budget, whose rows tell what was spent', () => {
    const budgets = (window: string) => `budgets: [{ window: day, maxUsd: 1 }, { window: ${window}, maxUsd: 9 }]`;
    expect(refusal(`keep: { ledger: P30DT23H }\n${budgets('month')}`)).toEqual([
      'keep.ledger: expected P31D or more, the window of budgets[1], got "P30DT23H"',
    ]);
    const ofTeam = 'teams: { apps: { budgets: [{ window: month, maxUsd: 1 }] } }';
    expect(refusal(`keep: { ledger: P1D }\n${ofTeam}`)[0]).toContain('the window of teams.apps.budgets[0]');
    expect(load(`keep: { ledger: P31D }\n${budgets('month')}`).keep.ledger).toBe('P31D');
    expect(load(`keep: { ledger: P1D }\n${budgets('total')}`).keep.ledger).toBe('P1D');
  });
});
