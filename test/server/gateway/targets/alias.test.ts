// Opens sessions of each dialect that names the model in the first message, where that is a name of `models`, or has that of an account before it.

import { afterEach, describe, expect, test } from 'vitest';
import {
  account,
  begin,
  closeAll,
  GEMINI,
  headers,
  KEY,
  open,
  refusing,
  setup,
  start,
  startPair,
  text,
  think,
} from '../../../support/first-names.ts';
import { openClient } from '../../../support/gateway.ts';
import { closed } from '../../../support/inbox.ts';

afterEach(closeAll);

/** Each with a first message, where the model stands in it, and what the provider knows that by. */
const dialects: [kind: string, path: string, first: (model: string) => string, upstream: string][] = [
  ['gemini', GEMINI, (model) => setup(model.startsWith('models/') ? model : `models/${model}`), 'models/m-two'],
  ['openai', '/v1/live/sessions', begin, 'm-two'],
  ['openai', '/v1/responses', (model) => `{"type":"response.create","model":"${model}","input":"voice"}`, 'm-two'],
  ['openai', '/v1/realtime', (model) => `{"type":"session.update","session":{"model":"${model}"}}`, 'm-two'],
  ['deepgram', '/v1/agent/converse', think, 'm-two'],
  ['soniox', '/transcribe-websocket', (model) => `{"api_key":"key-of-account","model":"${model}"}`, 'm-two'],
  ['lmnt', '/v1/ai/speech/stream', (model) => `{"X-API-Key":"key-of-account","voice":"a","model":"${model}"}`, 'm-two'],
  [
    'cartesia',
    '/tts/websocket',
    (model) => `{"model_id":"${model}","transcript":"model_id","context_id":"c"}`,
    'm-two',
  ],
  [
    'speechmatics',
    '/v2',
    (model) => `{"message":"StartRecognition","transcription_config":{"language":"en","model":"${model}"}}`,
    'm-two',
  ],
];

describe.each(dialects)('of %s at %s', (kind, path, first, upstream) => {
  test('a name in the first message has its targets, the next one behind one that refuses, and all other bytes stay', async () => {
    const { gateway, one, two } = await startPair(kind);
    const client = await open(gateway, path, first('voice'), '{"type":"later","voice":1}');
    const session = await two.next();
    expect(await text(session)).toBe(first(upstream));
    expect(await text(session)).toBe('{"type":"later","voice":1}');
    expect(one.requests).toHaveLength(1);
    session.terminate();
    await closed(client);
    const record = await gateway.nextEnd();
    expect(record).toMatchObject({ provider: 'two', asked: 'voice', tried: ['one/m-one'], model: 'm-two' });
    expect(record.timeline?.filter(({ kind: of }) => of === 'try')).toMatchObject([
      { target: 'one/m-one', outcome: 'upstream_refused 503' },
    ]);
    expect(await gateway.sample('trunkline_target_tries_total', { provider: 'one' })).toBe(1);
    expect(JSON.stringify(gateway.lines)).not.toContain('key-of-account');
  });

  test('an account is named before the model', async () => {
    const { gateway, two } = await startPair(kind, { models: {} });
    await open(gateway, path, first('two/m-two'));
    const session = await two.next();
    expect(await text(session)).toBe(first(upstream));
    session.terminate();
    expect(await gateway.nextEnd()).toMatchObject({ provider: 'two', model: 'm-two' });
  });

  test('a list that has the name allows its targets, and no other model', async () => {
    const listed = [{ id: 'app', secret: KEY, models: ['voice', '*/nova-3', '*/aura'] }];
    const { gateway, two } = await startPair(kind, { keys: listed });
    await open(gateway, path, first('voice'));
    const session = await two.next();
    expect(await text(session)).toBe(first(upstream));
    session.terminate();
    await gateway.nextEnd();
    const other = await open(gateway, path, first('m-two'));
    expect((await closed(other)).code).toBe(1008);
    expect(await gateway.sample('trunkline_refusals_total', { code: 'model_not_allowed' })).toBe(1);
    expect(two.requests).toHaveLength(1);
  });

  test('without a choice the provider is dialled at once', async () => {
    const only = await refusing();
    const gateway = await start({ providers: { [kind]: account(only, kind) } });
    const client = await openClient(gateway.url + path, { headers });
    const session = await only.next();
    client.send(first('voice'));
    expect(await text(session)).toBe(first('voice'));
    session.terminate();
    await gateway.nextEnd();
  });
});

test('a name beside the credential in the first message has its targets, too', async () => {
  const { gateway, one, two } = await startPair('soniox');
  const client = await openClient(`${gateway.url}/transcribe-websocket`);
  client.send(`{"api_key":"${KEY}","model":"voice"}`);
  const session = await two.next();
  expect(await text(session)).toBe('{"api_key":"key-of-account","model":"m-two"}');
  expect(one.requests).toHaveLength(1);
  session.terminate();
  expect(await gateway.nextEnd()).toMatchObject({ asked: 'voice', tried: ['one/m-one'] });
});

test.each([
  ['any model', undefined],
  ['the model alone', ['two/m-two']],
])(
  'messages that repeat an account of the query and its model have the model alone, of a key with %s',
  async (_name, models) => {
    const { gateway, two } = await startPair('openai', { models: {}, keys: [{ id: 'app', secret: KEY, models }] });
    const update = (model: string) =>
      `{"type":"session.update","session":{"model" : "${model}", "x":"\\u00e4 two/m-two"}}`;
    const client = await open(gateway, '/v1/realtime?model=two%2Fm-two', update('two/m-two'), update('m-two'));
    const session = await two.next();
    expect(two.requests[0]?.url).toBe('/v1/realtime?model=m-two');
    expect(await text(session)).toBe(update('m-two'));
    expect(await text(session)).toBe(update('m-two'));
    client.terminate();
    await gateway.nextEnd();
  },
);
