// Tests which tokens of side tasks count against rates.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { StoredKey } from '../../../../../server/ipc/stored-keys.ts';
import type { Call } from '../../../../../server/side/llm/call.ts';
import { countTaskTokens } from '../../../../../server/side/runs/call/task-tokens.ts';
import type { RateCorrection } from '../../../../../server/side/store/contract/limits.ts';
import { aFailure, answered, scriptedRouter } from '../../../../support/side-http.ts';

const rated = { id: 'rated', secret: 'secret-of-rated', rates: { tokensPerMinute: 100 } };
const each = { id: 'each', secret: 'secret-of-each', endUsers: { rates: { tokensPerMinute: 100 } } };
const stored = { key: { id: 'stored', rates: { tokensPerMinute: 100 } } } as StoredKey;

async function countedFor(call: Partial<Call>, outcome = answered('text')): Promise<readonly RateCorrection[]> {
  const counted: RateCorrection[] = [];
  const router = countTaskTokens(
    scriptedRouter(async () => outcome),
    {
      store: {
        correctRate: async (correction) => void counted.push(correction),
        key: async (asked) => ('id' in asked && asked.id === 'stored' ? stored : undefined),
      },
      config: { keys: [rated, each, { id: 'free', secret: 'secret-of-free' }], teams: {} },
      log: pino({ level: 'silent' }),
    },
  );
  await router.run({ kind: 'task', key: 'rated', ...call } as Call);
  await new Promise((resolve) => setImmediate(resolve));
  return counted;
}

test('counts what a task of a key with a rate has used', async () => {
  expect(await countedFor({})).toMatchObject([{ scopes: ['key|rated'], rate: 'tokens', amount: 5 }]);
});

test('finds the rates of a key that the store has', async () => {
  expect(await countedFor({ key: 'stored' })).toMatchObject([{ scopes: ['key|stored'] }]);
});

test('counts for the end user of the call', async () => {
  const counted = await countedFor({ key: 'each', endUser: 'ann' });
  expect(counted).toMatchObject([{ scopes: ['key|each\tuser|ann'], amount: 5 }]);
  expect(await countedFor({ key: 'each' })).toEqual([]);
});

test('counts nothing for a key without a rate, a chat, a failure or an answer without a report', async () => {
  const nothing = [
    countedFor({ key: 'free' }),
    countedFor({ key: undefined }),
    countedFor({ kind: 'chat' }),
    countedFor({}, answered('text', { usage: undefined })),
    countedFor({}, aFailure('upstream_timeout') as never),
  ];
  expect((await Promise.all(nothing)).flat()).toEqual([]);
});
