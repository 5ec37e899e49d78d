// Each part of the configuration takes effect with a reload for what begins afterwards, in two gateway processes and two side processes.

import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openClient } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import {
  account,
  admin,
  app,
  as,
  call,
  cameTo,
  consoleJson,
  costOf,
  gatewayAt,
  llm,
  one,
  other,
  otherLlm,
  post,
  REALTIME,
  reload,
  served,
  session,
  startReloading,
  upgrade,
  web,
} from '../../../support/reloading.ts';
import { until } from '../../../support/until.ts';
import { receiver, status } from '../../../support/webhook-receiver.ts';

const ORIGIN = 'https://app.example.com';
/** Enough for each of two processes to have one. */
const ROUNDS = 6;

startReloading();

interface Effect {
  readonly part: string;
  readonly changes: () => Record<string, unknown>;
  readonly look: () => Promise<unknown>;
  readonly before: unknown;
  readonly after: unknown;
}

const EFFECTS: readonly Effect[] = [
  { part: 'keys', changes: () => ({ keys: [app] }), look: () => upgrade(), before: 101, after: 401 },
  {
    part: 'keys',
    changes: () => ({ keys: [{ ...web, models: ['openai/other'] }] }),
    look: () => upgrade(),
    before: 101,
    after: 403,
  },
  {
    part: 'access',
    changes: () => ({ access: 'open', keys: [] }),
    look: async () => [(await call({})).status, await upgrade({})],
    before: [401, 401],
    after: [200, 101],
  },
  {
    part: 'providers',
    changes: () => ({ providers: { openai: account(other, 'another-secret') } }),
    look: async () => {
      const came = await cameTo([() => one.requests.length, () => other.requests.length], () => upgrade());
      return [came, other.requests.at(-1)?.headers.authorization];
    },
    before: [[1, 0], expect.toBeOneOf([undefined, 'Bearer another-secret'])],
    after: [[0, 1], 'Bearer another-secret'],
  },
  {
    part: 'gateways',
    changes: () => ({ gateways: { contract: gatewayAt(otherLlm, 'another-secret') } }),
    look: async () => {
      const came = await cameTo([() => llm.seen.length, () => otherLlm.seen.length], () => call());
      return [came, otherLlm.seen.at(-1)?.headers.authorization];
    },
    before: [[1, 0], expect.toBeOneOf([undefined, 'Bearer another-secret'])],
    after: [[0, 1], 'Bearer another-secret'],
  },
  {
    part: 'classes',
    changes: () => ({ classes: { app: { targets: [{ gateway: 'contract', model: 'gpt-5' }] } } }),
    look: async () => [(await call()).status, llm.seen.at(-1)?.body.model],
    before: [200, 'gpt-5-mini'],
    after: [200, 'gpt-5'],
  },
  {
    part: 'prices',
    changes: () => ({ prices: { 'gpt-5-mini': { input: 100_000, output: 100_000 } } }),
    look: async () => (await costOf(await call())) > 100_000,
    before: false,
    after: true,
  },
  {
    part: 'budgets',
    changes: () => ({ budgets: [{ key: 'web', window: 'total', maxUsd: 0 }] }),
    look: async () => [(await call()).status, await upgrade()],
    before: [200, 101],
    after: [402, 402],
  },
  {
    part: 'routes',
    changes: () => ({ routes: { '/v1/realtime': { class: 'app' } } }),
    look: () => session(async () => (await served.sessions())[0]?.promptClass),
    before: 'realtime',
    after: 'app',
  },
  {
    part: 'tasks',
    changes: () => ({ tasks: [{ kind: 'own-kind', class: 'app', prompt: 'Say yes.', schema: { type: 'object' } }] }),
    look: async () => [
      (await post('/v1/tasks', { kind: 'own-kind', text: 'Hello' })).status,
      (await consoleJson()).side.tasks,
    ],
    before: [400, []],
    after: [202, ['own-kind']],
  },
  {
    part: 'transcripts',
    changes: () => ({ transcripts: 'P7D' }),
    look: async () => (await consoleJson()).side.transcripts,
    before: 'until-tasks-done',
    after: 'P7D',
  },
  {
    part: 'regulated',
    changes: () => ({ regulated: { store: false } }),
    look: async () =>
      (await post('/v1/tasks', { kind: 'title', text: 'Hello' }, { ...as(web), 'x-trunkline-data-class': 'regulated' }))
        .status,
    before: 202,
    after: 409,
  },
  {
    part: 'listen',
    changes: () => ({ listen: { origins: [ORIGIN] } }),
    look: async () => [
      (await call({ ...as(web), origin: ORIGIN })).headers.get('access-control-allow-origin'),
      await upgrade({ ...as(web), origin: ORIGIN }),
    ],
    before: [null, 403],
    after: [ORIGIN, 101],
  },
  {
    part: 'listen',
    changes: () => ({ listen: { trustedProxies: ['127.0.0.1'] } }),
    look: () => upgrade({ ...as(web), origin: ORIGIN, forwarded: 'proto=https;host=app.example.com' }),
    before: 403,
    after: 101,
  },
  {
    part: 'limits',
    changes: () => ({ limits: { clientMaxPayloadBytes: 1024 } }),
    look: () =>
      session(async (client) => {
        client.send('x'.repeat(2000));
        return Promise.race([message(client).then(() => 'echo'), closed(client).then(({ code }) => code)]);
      }),
    before: 'echo',
    after: 1009,
  },
  {
    part: 'side',
    changes: () => ({ side: { processes: 2, maxBodyBytes: 1024 } }),
    look: async () => (await call(as(web), { messages: [{ role: 'user', content: 'x'.repeat(2000) }] })).status,
    before: 200,
    after: 413,
  },
  {
    part: 'log',
    changes: () => ({ log: { level: 'warn' } }),
    look: async () => {
      const id = await session(async () => (await served.sessions())[0]?.id);
      const isTold = () => served.lines().some((line) => line.msg === 'session ended' && line.id === id);
      return isSoon(isTold);
    },
    before: true,
    after: false,
  },
];

/** True when it becomes true within a time that is long for a line of the log. */
async function isSoon(look: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 15 && !look(); turn++) await delay(20);
  return look();
}

test.each(EFFECTS)('$part', async ({ part, changes, look, before, after }) => {
  expect(await reload(changes())).toContain(part);
  for (let round = 0; round < ROUNDS; round++) expect(await look()).toEqual(after);
  expect(await reload({})).toContain(part);
  for (let round = 0; round < ROUNDS; round++) expect(await look()).toEqual(before);
});

test('webhooks', async () => {
  const [first, second] = await Promise.all([receiver(status(200)), receiver(status(200))]);
  const hookAt = (url: string) => ({
    webhooks: [{ url, secret: 'hook-secret', events: ['session.ended'], allowPrivate: true }],
  });
  // Sessions of before may end meanwhile, and are told of, too.
  for (const hook of [first, second]) {
    await reload(hookAt(hook.url));
    await upgrade();
    await until(() => hook.seen.length > 0);
  }
  await reload({});
});

test('admin.token', async () => {
  const headers = { authorization: 'Bearer token-of-admin' };
  await reload({ admin: { token: 'token-of-admin' } });
  expect((await admin('/metrics')).status).toBe(401);
  expect((await admin('/metrics', { headers })).status).toBe(200);
  await reload({}, headers);
  expect((await admin('/metrics')).status).toBe(200);
});

test('a call that runs ends with what it began with, though its gateway and its class are gone', async () => {
  const opened = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  llm.change({
    script: () => {
      opened.resolve();
      return { after: answer.promise, text: 'late' };
    },
  });
  const running = call();
  await opened.promise;
  llm.change({ script: () => undefined });
  await reload({
    gateways: { next: gatewayAt(otherLlm) },
    classes: { next: { targets: [{ gateway: 'next', model: 'm' }] } },
  });
  const came = await cameTo([() => llm.seen.length, () => otherLlm.seen.length], () => call());
  answer.resolve();
  const { status: told, json } = await running;
  expect([came, told, JSON.stringify(json)]).toEqual([[0, 1], 200, expect.stringContaining('late')]);
  await reload({});
});

test('an alias that is moved means its new target from then on, and is unknown once it is gone', async () => {
  const targets = ['gpt-5-mini', 'gpt-5'].map((model) => ({ gateway: 'contract', model }));
  const classes = { app: { targets } };
  const served = async () => {
    const { status } = await call(as(web), { model: 'fast' });
    return status === 200 ? llm.seen.at(-1)?.body.model : status;
  };
  for (const { gateway, model } of targets) {
    expect(await reload({ classes, aliases: { fast: { targets: [{ gateway, model }] } } })).toContain('aliases');
    for (let round = 0; round < ROUNDS; round++) expect(await served()).toBe(model);
  }
  await reload({ classes });
  expect(await served()).toBe(404);
  await reload({});
});

test('ten reloads under way disturb no session and no call', async () => {
  let isOver = false;
  const done = { calls: 0, sessions: 0 };
  const long = session(async (client) => {
    for (let sent = 0; !isOver; sent++) {
      client.send(`${sent}`);
      expect(String((await message(client)).data)).toBe(`${sent}`);
      await delay(5);
    }
    return 'whole';
  });
  const caller = async () => {
    for (; !isOver; done.calls++) expect((await call()).status).toBe(200);
  };
  const talker = async () => {
    for (; !isOver; done.sessions++) {
      const client = await openClient(served.url + REALTIME, { headers: as(web) });
      client.send('hello');
      expect(String((await message(client)).data)).toBe('hello');
      client.close();
    }
  };
  const working = Promise.all([long, caller(), talker()]);
  for (let round = 0; round < 10; round++) {
    const isOdd = round % 2 === 1;
    const [from, to] = isOdd ? [llm, one] : [otherLlm, other];
    const targets = [{ gateway: 'contract', model: `m${round}` }];
    await reload({
      keys: isOdd ? [web] : [app, web],
      gateways: { contract: gatewayAt(from, `secret-${round}`) },
      classes: { [`app${round}`]: { targets } },
      providers: { openai: account(to) },
    });
  }
  isOver = true;
  expect((await working)[0]).toBe('whole');
  expect(Math.min(done.calls, done.sessions)).toBeGreaterThan(5);
  await reload({});
});
