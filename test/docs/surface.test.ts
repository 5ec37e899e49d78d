// The documents of the HTTP and WebSocket surface beside the code.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { callPaths, knownPaths } from '../../adapters/realtime/index.ts';
import { storedKeySchema } from '../../server/config/key-schema.ts';
import { WEBHOOK_EVENTS } from '../../server/config/side-schema.ts';
import type { SessionRecord } from '../../server/ipc/session-record.ts';
import { sideRoutes } from '../../server/ipc/side-routes.ts';
import type { ResidenceSummary } from '../../server/platform/times/residence-histogram.ts';
import { adminActions, adminPaths } from '../../server/processes/admin.ts';
import { modelJson } from '../../server/side/http/chat/model-facts.ts';
import { secretRequestSchema } from '../../server/side/http/session/secret-request.ts';
import { feedbackView, ledgerView, sessionView, taskView, turnView } from '../../server/side/http/views.ts';
import { taskRequestSchema } from '../../server/side/tasks/task-request.ts';
import { AGREES, compared } from '../support/pages.ts';
import { anAttempt, anEnd, aSession, aTask, aTurn } from '../support/side-records.ts';

type Node = { readonly [key: string]: Node };
const read = (name: string): Node => parse(readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8'));
const openapi = read('openapi.yaml');
const asyncapi = read('asyncapi.yaml');

const residence = { upstream: {} as ResidenceSummary, downstream: {} as ResidenceSummary };
/** With every field that there is. */
const record: Required<SessionRecord> = {
  ...{ id: 's', state: 'closed', key: 'k', team: 't', provider: 'openai', route: '/v1/realtime', dialect: 'd' },
  ...{
    promptClass: 'c',
    dataClass: 'open',
    startedAt: '',
    continues: 'r',
    context: 'turns',
    durationMs: 1,
    costMicroUsd: 1,
    reason: 'r',
    closeCode: 1000,
    mayRetry: false,
    endUser: 'u',
    tags: {},
    clientSecret: 'c',
    asked: 'a',
    tried: [],
    resume: { received: 0, sent: 0 },
    legs: [],
  },
  ...{
    model: 'm',
    usage: {},
    usageByModel: [],
    isBeyondBound: true,
    frames: { upstream: 0, downstream: 0 },
    turns: [],
    timeline: [],
  },
  ...{ bytes: { upstream: 0, downstream: 0 }, residenceUs: residence },
};

/** The routes that the listeners answer themselves: the console's, and the admin listener's. */
const OTHERS = [
  ...['/', '/console.json', ...adminPaths.keys()].map((path) => `GET ${path}`),
  ...[...adminActions.keys()].map((path) => `POST ${path}`),
];

describe('openapi.yaml', () => {
  const methods = ['get', 'post', 'delete', 'put', 'patch'];
  const operations = Object.entries(openapi.paths ?? {}).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((name) => methods.includes(name))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );

  test('docs/openapi.yaml has every route of the code, and no other', () => {
    const inCode = [...[...sideRoutes, ...callPaths].map(({ method, path }) => `${method} ${path}`), ...OTHERS];
    expect(compared(operations, inCode)).toEqual(AGREES);
  });

  test('docs/openapi.yaml says of each route which listener has it', () => {
    const isAdmins = (path: string) => openapi.paths?.[path]?.servers !== undefined;
    for (const { scope, path } of sideRoutes) expect([path, isAdmins(path)]).toEqual([path, scope === 'admin']);
  });

  test('docs/openapi.yaml has every field that a key may be given', () => {
    const fields = Object.entries(openapi.components?.schemas?.Key?.properties ?? {});
    const given = fields.flatMap(([name, { readOnly }]) => (readOnly === undefined ? [name] : []));
    expect(compared(given, Object.keys(storedKeySchema.shape))).toEqual(AGREES);
  });

  test('docs/openapi.yaml refers to what is there', () => {
    const text = JSON.stringify(openapi);
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    const isThere = (path: string) =>
      path.split('/').reduce<Node | undefined>((node, part) => node?.[part], openapi) !== undefined;
    expect(references.filter((path) => !isThere(path))).toEqual([]);
    expect(references.length).toBeGreaterThan(20);
  });

  test('docs/openapi.yaml says of each request that may have a body what one of another type gets', () => {
    for (const { method, path } of sideRoutes.filter((route) => route.method !== 'GET')) {
      const responses = openapi.paths?.[path]?.[method.toLowerCase()]?.responses ?? {};
      expect([method, path, Object.keys(responses).includes('415')]).toEqual([method, path, true]);
    }
  });

  test('docs/openapi.yaml has the fields of what is shown', () => {
    const fieldsOf = (name: string) => Object.keys(openapi.components?.schemas?.[name]?.properties ?? {});
    expect(compared(fieldsOf('Task'), Object.keys(taskView(aTask('t'))))).toEqual(AGREES);
    const facts = { id: 'm', inputModalities: [] };
    const listed = { price: { input: 1, output: 1 }, source: 'list' } as const;
    const model = modelJson({ id: 'm', owner: 'g', classes: [], facts, listed });
    expect(compared(fieldsOf('Model'), Object.keys(model))).toEqual(AGREES);
    expect(
      compared(
        fieldsOf('LedgerRow'),
        Object.keys(ledgerView(anAttempt('a', { endUser: 'u', tags: {}, savedMicroUsd: 1 }))),
      ),
    ).toEqual(AGREES);
    expect(compared(fieldsOf('Turn'), Object.keys(turnView(aTurn('s', 1))))).toEqual(AGREES);
    const stored = { ...aSession('s'), ...anEnd('s', { record: JSON.stringify(record) }) };
    const shown = { ...sessionView(stored, undefined), turns: [], tasks: [], ledger: [], feedback: [], trace: '' };
    const given = {
      ...{ id: 's.f', at: 1, ledgerRow: 's', score: 1, label: 'l', comment: 'c' },
      ...{ key: undefined, team: undefined, endUser: undefined, promptClass: 'realtime' },
    };
    expect(compared(fieldsOf('GivenFeedback'), Object.keys(feedbackView(given)))).toEqual(AGREES);
    expect(compared(fieldsOf('Session'), Object.keys(shown))).toEqual(AGREES);
  });

  test('docs/openapi.yaml has the fields of a demand', () => {
    const fields = Object.keys(openapi.components?.schemas?.Demand?.properties ?? {});
    expect(compared(fields, Object.keys(taskRequestSchema.shape))).toEqual(AGREES);
  });

  test('docs/openapi.yaml has the fields by which a client secret is asked for', () => {
    const fields = Object.keys(openapi.components?.schemas?.SecretRequest?.properties ?? {});
    expect(compared(fields, Object.keys(secretRequestSchema.shape))).toEqual(AGREES);
  });
});

describe('asyncapi.yaml', () => {
  const channels = Object.values(asyncapi.channels ?? {}) as { address: unknown; messages?: object }[];

  test('docs/asyncapi.yaml has every WebSocket route, and no other', () => {
    const sockets = channels
      .map(({ address }) => address)
      .filter((address) => address !== null)
      .map(String);
    expect(compared(sockets, [...knownPaths, '/v1/ui/chat', '/v1/sessions/{id}/events'])).toEqual(AGREES);
  });

  test('docs/asyncapi.yaml has the events of webhooks', () => {
    const { messages } = channels.find(({ address }) => address === null) ?? {};
    expect(compared(Object.keys(messages ?? {}), WEBHOOK_EVENTS)).toEqual(AGREES);
  });
});
