// Handshakes of clients that speak the beta of OpenAI: which account serves them, and what its provider sees.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient } from '../../support/gateway.ts';
import {
  heard,
  KEY,
  LISTED,
  say,
  startVocabularies,
  textFrom,
  type VocabularyGateway,
} from '../../support/vocabularies.ts';

let gateway: VocabularyGateway;
beforeAll(async () => {
  gateway = await startVocabularies();
});
afterAll(() => gateway.close());

const OLD = '/old/v1/realtime?model=m';

test('a client of the beta is taken with its header, which its provider never sees, and with the others that go on', async () => {
  const headers = { 'OpenAI-Beta': 'realtime=v1, responses_multi_agent=v1' };
  const { client, request } = await gateway.open(OLD, { headers });
  expect(request?.headers['openai-beta']).toBe('responses_multi_agent=v1');
  await gateway.kept(client);
  const alone = await gateway.open(OLD, { headers: { 'OpenAI-Beta': 'realtime=v1' } });
  expect(alone.request?.headers).not.toHaveProperty('openai-beta');
  await gateway.kept(alone.client);
});

test('a client of the beta is taken with its subprotocols, of which it is answered the first that is no credential', async () => {
  const protocols = ['realtime', `openai-insecure-api-key.${KEY}`, 'openai-beta.realtime-v1'];
  const { client, request } = await gateway.open(OLD, { protocols });
  expect(client.protocol).toBe('realtime');
  expect(request?.headers).not.toHaveProperty('sec-websocket-protocol');
  await gateway.kept(client);
});

test('a client of the beta is told by any other account that the beta is gone, and by no switch that it does not have', async () => {
  const refused = async (path: string, beta: string) =>
    openClient(gateway.url + path, { headers: { authorization: `Bearer ${KEY}`, 'OpenAI-Beta': beta } }).then(
      () => 'taken',
      (error: Error) => error.message,
    );
  expect(await refused('/plain/v1/realtime?model=m', 'realtime=v1')).toContain('400');
  expect(await refused('/new/v1/realtime?model=m', 'realtime=v1')).toContain('400');
  // Another account of the path would take it, but is not the one that is asked for, or comes first.
  expect(await refused('/v1/realtime?model=plain/m', 'realtime=v1')).toContain('400');
  expect(await refused('/v1/realtime?model=m', 'realtime=v1')).toContain('400');
  expect(await refused('/old/v1/realtime?model=m', 'assistants=v2')).toContain('400');
});

test('a client of the beta reaches its account by its key, or by the model, where the first account of the path would refuse it', async () => {
  const headers = { 'OpenAI-Beta': 'realtime=v1' };
  for (const [path, secret] of [
    ['/v1/realtime?model=m', LISTED],
    ['/v1/realtime?model=old/m', KEY],
    ['/v1/realtime?model=voice', LISTED],
  ] as const) {
    const { client, upstream } = await gateway.open(path, { secret, headers });
    say(client, { type: 'session.update', session: { voice: 'ash' } });
    expect((await heard(upstream)).session).toEqual({ type: 'realtime', audio: { output: { voice: 'ash' } } });
    await gateway.kept(client);
  }
});

test('a client of the beta is served by any target whose clients speak the beta, whatever its provider speaks', async () => {
  const { client, upstream, request } = await gateway.open('/v1/realtime?model=either', {
    headers: { 'OpenAI-Beta': 'realtime=v1' },
  });
  expect(request?.url).toBe('/api-ws/v1/realtime?model=q');
  const update = '{"type":"session.update","session":{"voice":"ash"}}';
  say(client, update);
  expect(await textFrom(upstream)).toBe(update);
  await gateway.kept(client);
});

test('a client of today is served by no target of its model whose clients speak the beta', async () => {
  const { client, upstream } = await gateway.open('/v1/realtime?model=mixed');
  const update = '{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}';
  say(client, update);
  expect(await textFrom(upstream)).toBe(update);
  expect((await gateway.kept(client)).record.provider).toBe('plain');
});
