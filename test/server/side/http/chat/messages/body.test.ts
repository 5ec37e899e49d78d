// Errors in Anthropic's shape, as the unmodified SDK reads them, and what bodies are refused for.

import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startForms } from '../../../../../support/forms-side.ts';
import { chunk, event, message, nativeEvents } from '../../../../../support/messages-form.ts';

const classes = {
  native: { targets: [{ gateway: 'anthropic', model: 'claude-sonnet-4-6' }] },
  chat: { targets: [{ gateway: 'chat', model: 'some-model' }] },
};

let side: Awaited<ReturnType<typeof startForms>>;
beforeAll(async () => {
  side = await startForms({ classes });
});
afterAll(() => side?.close());

const client = (options: ConstructorParameters<typeof Anthropic>[0] = {}) =>
  new Anthropic({ baseURL: side.http, apiKey: 'app-secret', maxRetries: 0, ...options });

const hello = (model: string) => ({ model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello' }] });

describe('errors are in the shape of Anthropic', () => {
  test('without a key, with an unknown model, with a body that is none, by another method', async () => {
    await expect(client({ apiKey: 'wrong' }).messages.create(hello('native'))).rejects.toBeInstanceOf(
      Anthropic.AuthenticationError,
    );
    await expect(client().messages.create(hello('no-such'))).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    await expect(client().messages.create({ ...hello('native'), ...{ temperature: 3 } })).rejects.toMatchObject({
      ...{ status: 400, requestID: expect.any(String) },
      error: {
        type: 'error',
        error: { type: 'invalid_request_error', param: 'temperature' },
        request_id: expect.any(String),
      },
    });
    const get = await side.ask('/v1/messages', { key: 'app-secret' });
    expect([get.status, await get.json()]).toMatchObject([
      405,
      { type: 'error', error: { code: 'method_not_allowed' } },
    ]);
  });

  test('a bearer token is taken as well as x-api-key', async () => {
    side.script(() => ({ body: message }));
    const answer = await client({ apiKey: null, authToken: 'app-secret' }).messages.create(hello('native'));
    expect(answer.content).toEqual(message.content);
  });

  test('files at a provider, and documents behind a URL, are refused by their place', async () => {
    for (const source of [
      { type: 'file', file_id: 'file_1' },
      { type: 'url', url: 'https://example.com/a.pdf' },
    ]) {
      const json = { ...hello('native'), messages: [{ role: 'user', content: [{ type: 'document', source }] }] };
      const reply = await side.ask('/v1/messages', { method: 'POST', key: 'app-secret', json });
      expect([reply.status, await reply.json()]).toMatchObject([
        400,
        { error: { param: 'messages[0].content[0].source' } },
      ]);
    }
  });

  test('the SDK tries again when the endpoint is overloaded, and gets the answer', async () => {
    let tries = 0;
    side.script(() =>
      ++tries === 1
        ? {
            status: 529,
            headers: { 'retry-after-ms': '1' },
            body: { type: 'error', error: { type: 'overloaded_error' } },
          }
        : { body: message },
    );
    const answer = await client({ maxRetries: 2 }).messages.create(hello('native'));
    expect([tries, answer.content]).toEqual([2, message.content]);
  });

  test('a stream that breaks off ends in an event of an error', async () => {
    const begun = nativeEvents.slice(0, nativeEvents.indexOf('event: content_block_stop'));
    const fault = event({ type: 'error', error: { type: 'overloaded_error', message: 'busy' } });
    side.script(() => ({ body: begun + fault }));
    await expect(client().messages.stream(hello('native')).finalMessage()).rejects.toThrow(
      /upstream_failed|overloaded/,
    );
    side.script(() => ({ body: [chunk({ content: 'Hi' }), { error: { message: 'gone', code: 502 } }] }));
    await expect(client().messages.stream(hello('some-model')).finalMessage()).rejects.toThrow(/upstream_failed/);
  });
});
