// Tests that clients find what they branch on in a field: the words of the LLM gateway in their usual places, ours beside them.

import OpenAI from 'openai';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../../server/config/load.ts';
import { createPrices } from '../../../../../server/side/billing/prices.ts';
import { createRouter } from '../../../../../server/side/llm/router.ts';
import { configFile } from '../../../../support/config-file.ts';
import type { LlmBehaviour } from '../../../../support/llm-gateway.ts';
import { memoryStore } from '../../../../support/memory-store.ts';
import { at, gateway } from '../../../../support/routing.ts';
import { startSideHttp, type TestSide } from '../../../../support/side-http.ts';

let side: TestSide;
afterEach(() => side.close());

/** The error that the official SDK throws where the LLM gateway, and a second one, answer so. */
async function errorOf(behaviour: LlmBehaviour, second?: LlmBehaviour) {
  const gateways = { one: at(await gateway({ behaviour })), two: at(await gateway({ behaviour: second ?? {} })) };
  const targets = [{ gateway: 'one', model: 'first' }, ...(second ? [{ gateway: 'two', model: 'second' }] : [])];
  const file = { gateways, classes: { commodity: { targets } }, keys: [{ id: 'k', secret: 'secret-key' }] };
  const config = loadConfig({ file: configFile(file), env: {} });
  const log = pino({ level: 'silent' });
  const router = createRouter({
    config,
    store: memoryStore(),
    prices: createPrices({}),
    rehearsalUrl: () => undefined,
    log,
  });
  side = await startSideHttp({ file, router });
  const openai = new OpenAI({ baseURL: `${side.http}/v1`, apiKey: 'secret-key', maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'x' }];
  return openai.chat.completions.create({ model: '*', messages }).then(
    ({ model }) => ({ model }),
    (error: InstanceType<typeof OpenAI.APIError>) => error,
  );
}
const refusing = (status: number, error: object): LlmBehaviour => ({ status, body: JSON.stringify({ error }) });
const tooLong = refusing(400, {
  message: 'hunter2',
  code: 'context_length_exceeded',
  type: 'invalid_request_error',
  param: 'messages',
});

describe('the error that an SDK throws', () => {
  test('has the words of the LLM gateway as its code, type and param, and ours beside', async () => {
    const error = await errorOf(tooLong);
    expect(error).toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      type: 'invalid_request_error',
      param: 'messages',
    });
    expect(error).toMatchObject({ error: { gateway_code: 'invalid_request', help: 'docs/errors.md#invalid_request' } });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  test('says that the quota is used up, and that a retry does not help', async () => {
    const error = await errorOf(refusing(429, { code: 'insufficient_quota', type: 'insufficient_quota' }));
    expect(error).toMatchObject({ status: 429, code: 'insufficient_quota' });
    expect((error as { headers: Headers }).headers.get('x-should-retry')).toBe('false');
  });

  test('does not blame the credential of the client for ours', async () => {
    const error = await errorOf(refusing(401, { code: 'invalid_api_key', message: 'Incorrect API key: sk-abc' }));
    expect(error).toMatchObject({ status: 502, code: 'upstream_failed', type: 'server_error' });
    expect(JSON.stringify(error)).not.toContain('sk-abc');
  });
});

test('what does not fit one model goes to the next, and else is a 400 for all', async () => {
  expect(await errorOf(tooLong, {})).toEqual({ model: 'second' });
  await side.close();
  expect(await errorOf(refusing(400, { code: 'invalid_type' }), {})).toMatchObject({
    status: 400,
    code: 'invalid_type',
  });
});
