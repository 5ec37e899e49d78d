// Opens sessions whose first message decides who serves them: which targets it leads to, how long it is waited for, and what its client is told.

import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { clientSecrets } from '../../../support/client-secrets.ts';
import {
  account,
  begin,
  closeAll,
  GEMINI,
  headers,
  open,
  refusing,
  setup,
  start,
  startPair,
  text,
  think,
  VERTEX,
} from '../../../support/first-names.ts';
import { openClient, refusedUpgrade } from '../../../support/gateway.ts';
import { closed } from '../../../support/inbox.ts';

afterEach(closeAll);

describe('targets at accounts of two kinds', () => {
  const project = { settings: { location: 'us-central1', project: 'p' } };
  const path = 'projects/p/locations/us-central1/publishers/google/models/';

  test.each([
    ['gemini', GEMINI, 'models/voice', 'models/m'],
    ['vertex', GEMINI, 'models/voice', `${path}m`],
    ['gemini', VERTEX, `${path}voice`, 'models/m'],
    ['vertex', VERTEX, `${path}voice`, `${path}m`],
  ])('are named as %s knows them, for a client of %s', async (kind, at, asked, upstream) => {
    const [one, two] = [await refusing(429), await refusing()];
    const other = kind === 'gemini' ? 'vertex' : 'gemini';
    const settings = (of: string) => (of === 'vertex' ? project : {});
    const gateway = await start({
      providers: { [other]: account(one, other, settings(other)), [kind]: account(two, kind, settings(kind)) },
      models: { voice: [`${other}/n`, `${kind}/m`] },
    });
    await open(gateway, at, setup(asked));
    const session = await two.next();
    expect(await text(session)).toBe(setup(upstream));
    expect(one.requests).toHaveLength(1);
    session.terminate();
    expect(await gateway.nextEnd()).toMatchObject({
      provider: kind,
      asked: 'voice',
      model: 'm',
      tried: [`${other}/n`],
    });
  });

  test('are named by a path that they have already, and without a project by the part of it that is known', async () => {
    const one = await refusing();
    const tuned = 'projects/p/locations/l/endpoints/7';
    const gateway = await start({
      providers: { vertex: account(one, 'vertex', { settings: { location: 'l' } }) },
      models: { own: [`vertex/${tuned}`], plain: ['vertex/m'] },
    });
    for (const [name, upstream] of [
      ['own', tuned],
      ['plain', 'publishers/google/models/m'],
    ]) {
      await open(gateway, VERTEX, setup(`publishers/google/models/${name}`));
      const session = await one.next();
      expect(await text(session)).toBe(setup(upstream ?? ''));
      session.terminate();
      await gateway.nextEnd();
    }
  });
});

describe('a client', () => {
  test('that is refused whatever it names is refused before the 101', async () => {
    const { gateway } = await startPair('gemini');
    expect((await refusedUpgrade(gateway.url + GEMINI, { headers: { authorization: 'Bearer wrong' } })).status).toBe(
      401,
    );
    expect((await refusedUpgrade(`${gateway.url}${GEMINI}?trunkline-session=x`, { headers })).status).toBe(400);
    expect((await refusedUpgrade(`${gateway.url}${GEMINI}?trunkline-continue=x`, { headers })).status).toBe(400);
    expect((await refusedUpgrade(`${gateway.url}${GEMINI}?trunkline-survive=x`, { headers })).status).toBe(400);
  });

  test('that asks to survive its provider is told by the 101 that it does', async () => {
    const { gateway } = await startPair('gemini');
    const client = new WebSocket(`${gateway.url}${GEMINI}?trunkline-survive=provider`, { headers });
    const [answer] = await once(client, 'upgrade');
    expect(answer.headers['x-trunkline-survives']).toBe('provider');
    client.terminate();
  });

  test.each([
    ['gemini', GEMINI, setup('models/voice'), undefined],
    ['openai', '/v1/live/sessions', begin('voice'), 'error.code'],
    ['deepgram', '/v1/agent/converse', think('voice'), 'code'],
  ])('of %s whose targets all refuse is told in its dialect, then closed', async (kind, path, first, code) => {
    const [one, two] = [await refusing(503), await refusing(503)];
    const gateway = await start({
      providers: { one: account(one, kind), two: account(two, kind) },
      models: { voice: ['one/m-one', 'two/m-two'] },
    });
    const client = await open(gateway, path, first);
    if (code !== undefined) expect(JSON.parse(await text(client))).toHaveProperty(code, 'upstream_refused');
    expect((await closed(client)).code).toBe(1013);
    expect([one.requests.length, two.requests.length]).toEqual([1, 1]);
  });

  test('that sends nothing is refused after limits.handshakeMs, and told what was expected', async () => {
    const { gateway } = await startPair('openai', { limits: { handshakeMs: 50 } });
    const client = await open(gateway, '/v1/live/sessions');
    expect(JSON.parse(await text(client)).error.message).toBe(
      'expected the first message, which has the model, within 50 ms (limits.handshakeMs)',
    );
    expect((await closed(client)).code).toBe(1008);
  });

  test('that waits for its provider is dialled after limits.firstNameMs, as one that names nothing', async () => {
    const one = await refusing();
    const gateway = await start({
      providers: { one: account(one, 'deepgram') },
      models: { voice: ['one/m'] },
      limits: { firstNameMs: 1 },
    });
    const client = await open(gateway, '/v1/agent/converse');
    const session = await one.next();
    session.send('{"type":"Welcome"}');
    expect(await text(client)).toBe('{"type":"Welcome"}');
    client.send(think('gpt'));
    expect(await text(session)).toBe(think('gpt'));
    client.close();
    await gateway.nextEnd();
  });

  test('whose first message cannot be read alike by everybody is refused', async () => {
    const { gateway, two } = await startPair('openai');
    const client = await open(
      gateway,
      '/v1/live/sessions',
      '{"type":"session.start","session":{"model":"a","model":"voice"}}',
    );
    expect(JSON.parse(await text(client)).error).toMatchObject({ code: 'invalid_request' });
    expect((await closed(client)).code).toBe(1008);
    expect(two.requests).toHaveLength(0);
  });

  test('that names nothing in its first message is dialled as any other, and what it sends passes as it came', async () => {
    const only = await refusing();
    const gateway = await start({ providers: { one: account(only, 'gemini') }, models: { voice: ['one/m'] } });
    const client = await open(gateway, GEMINI, 'no JSON', setup('models/voice'));
    const session = await only.next();
    expect([await text(session), await text(session)]).toEqual(['no JSON', setup('models/voice')]);
    client.close();
    expect(await gateway.nextEnd()).not.toHaveProperty('asked');
  });

  test('that repeats the name later has it renamed, but not where it names no model', async () => {
    const { gateway, two } = await startPair('openai');
    await open(gateway, '/v1/live/sessions', begin('voice'), begin('voice'), '{"type":"x","text":"voice"}');
    const session = await two.next();
    expect([await text(session), await text(session), await text(session)]).toEqual([
      begin('m-two'),
      begin('m-two'),
      '{"type":"x","text":"voice"}',
    ]);
    session.terminate();
    await gateway.nextEnd();
  });
});

describe('a name of models', () => {
  test('of another dialect is any model of this one, and its sessions are dialled at once', async () => {
    const [one, two] = [await refusing(), await refusing()];
    const gateway = await start({
      providers: { one: account(one, 'gemini'), two: account(two, 'openai') },
      models: { voice: ['two/m'] },
    });
    await openClient(gateway.url + GEMINI, { headers });
    const session = await one.next();
    session.terminate();
    await gateway.nextEnd();
  });

  test('is none of an agent that is called alike', async () => {
    const one = await refusing();
    const gateway = await start({
      providers: { one: account(one, 'voicelive', { settings: { resource: 'r' } }) },
      models: { voice: ['one/m'] },
    });
    await openClient(`${gateway.url}/voice-live/realtime?agent-name=voice`, { headers });
    (await one.next()).terminate();
    expect(one.requests[0]?.url).toBe('/voice-live/realtime?agent-name=voice');
    expect(await gateway.nextEnd()).not.toHaveProperty('asked');
  });

  test('that the path leaves no target of is any model', async () => {
    const one = await refusing();
    const two = await refusing();
    const gateway = await start({
      providers: { one: account(one, 'gemini'), two: account(two, 'gemini') },
      models: { voice: ['one/m'] },
    });
    await openClient(`${gateway.url}/two${GEMINI}`, { headers });
    (await two.next()).terminate();
    await gateway.nextEnd();
  });
});

test('a name that a client secret pins has its targets, whatever the client names', async () => {
  const secrets = clientSecrets();
  const { gateway, two } = await startPair('gemini', { secrets, keys: [] });
  const authorization = `Bearer ${secrets.make({ session: { model: 'models/voice' } })}`;
  const client = await openClient(gateway.url + GEMINI, { headers: { authorization } });
  client.send(setup('models/other'));
  const session = await two.next();
  expect(JSON.parse(await text(session)).setup).toMatchObject({ model: 'models/m-two' });
  session.terminate();
  await gateway.nextEnd();
});

test('a model goes to the account that has it, though the key stands in the handshake', async () => {
  const [one, two] = [await refusing(), await refusing()];
  const gateway = await start({
    providers: {
      one: account(one, 'deepgram', { models: ['nothing'] }),
      two: account(two, 'deepgram', { models: ['gpt', 'nova-3', 'aura'] }),
    },
  });
  await open(gateway, '/v1/agent/converse', think('gpt'));
  const session = await two.next();
  expect(await text(session)).toBe(think('gpt'));
  session.terminate();
  expect(await gateway.nextEnd()).toMatchObject({ provider: 'two', model: 'gpt' });
});

test('the model of Realtime is in the query upstream, too, where only the first message has it', async () => {
  const { gateway, two } = await startPair('openai');
  await open(gateway, '/v1/realtime?a=1', '{"type":"session.update","session":{"model":"voice"}}');
  const session = await two.next();
  expect(two.requests[0]?.url).toBe('/v1/realtime?a=1&model=m-two');
  session.terminate();
  await gateway.nextEnd();
});
