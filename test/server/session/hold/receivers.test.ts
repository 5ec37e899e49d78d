// Rules that hold messages of one session together: pinned settings, ids, the context of an earlier session, lists of models.

import { afterEach, expect, test } from 'vitest';
import { openaiRealtimeDialect } from '../../../../adapters/realtime/openai/dialects/realtime.ts';
import { translatedDialects } from '../../../../adapters/realtime/openai/dialects/translated.ts';
import { down, openPinned, openTaken, REALTIME, up } from '../../../support/pinned-session.ts';
import { closeOf, frameBytes } from '../../../support/raw-socket.ts';
import { destroySocketPairs } from '../../../support/socket-pair.ts';
import { until } from '../../../support/until.ts';

afterEach(destroySocketPairs);

const context = { continues: 'a', from: 'turns', text: 'what was said', dataClass: 'open' } as const;

test('the ids of a message are those of its client, and what is pinned goes into the message that passes', async () => {
  const ids = { owns: async ([id]: readonly string[]) => id === 'resp_own', handedOut: () => {} };
  const settings = { instructions: 'You are a clerk.', tools: [{ type: 'code_interpreter', container: 'cntr_9' }] };
  const { client, arrives, told } = await openPinned('/v1/responses', { pinned: settings, ids });
  const asking = (id: string) => ({ type: 'response.create', previous_response_id: id, input: 'Hi' });
  client.send(Buffer.concat([up(asking('resp_other')), up({ ...asking('resp_own'), instructions: 'Mine.' })]));
  client.send(up(asking('resp_own')));
  expect(await told()).toMatchObject({ error: { code: 'previous_response_not_found' } });
  expect(await told()).toMatchObject({ error: { code: 'pinned', param: 'instructions' }, status: 403 });
  expect(await arrives()).toEqual({ ...asking('resp_own'), ...settings });
});

test('Gemini is told of an earlier session behind the locked setup, ahead of what the client says', async () => {
  const path = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
  const setup = { model: 'models/m', systemInstruction: { parts: [{ text: 'You are a clerk.' }] } };
  const { client, upstream, arrives } = await openPinned(path, {
    pinned: { bidiGenerateContentSetup: setup },
    context,
  });
  const said = [1, 2, 3].map((at) => ({ realtimeInput: { text: `${at}` } }));
  const whole = Buffer.concat([up({ setup: { model: 'models/mine' } }), ...said.map((event) => up(event))]);
  client.send(whole.subarray(0, whole.length - 5));
  expect(await arrives()).toEqual({ setup });
  client.send(whole.subarray(whole.length - 5));
  upstream.send(down({ setupComplete: {} }));
  expect(await arrives()).toMatchObject({ clientContent: { turnComplete: false } });
  for (const event of said) expect(await arrives()).toEqual(event);
  client.send(up({ contextUpdate: { tools: [] } }));
  expect(closeOf(await upstream.frame()).code).toBe(1001);
});

test("a client of the beta is held to what is pinned in its provider's words, and told of it in its own", async () => {
  const dialect = translatedDialects.beta.get(openaiRealtimeDialect) ?? openaiRealtimeDialect;
  const { client, upstream, arrives, told } = await openPinned(REALTIME, { dialect, context });
  expect(await arrives()).toMatchObject({ session: { audio: { output: { voice: 'marin' } } } });
  expect(await arrives()).toMatchObject({ type: 'conversation.item.create', event_id: 'trunkline-context' });
  const session = { type: 'realtime', instructions: 'You are a clerk.', audio: { output: { voice: 'marin' } } };
  upstream.send(down({ type: 'session.updated', session }));
  expect(await told()).toEqual({ type: 'session.updated', session: { voice: 'marin' } });
  client.send(up({ type: 'session.update', event_id: 'mine', session: { voice: 'ash' } }));
  const { error } = await told();
  expect(error).toMatchObject({ code: 'pinned', param: 'session.voice', event_id: 'mine' });
  expect(error.message).toMatch(/^session\.voice would change/);
  client.send(up({ type: 'session.update', session: { voice: 'marin', temperature: 0.8, turn_detection: null } }));
  expect((await arrives()).session).toEqual({
    type: 'realtime',
    audio: { input: { turn_detection: null }, output: { voice: 'marin' } },
  });
});

test('Deepgram is told of an earlier session in the settings that are pinned', async () => {
  const { client, arrives, told } = await openPinned('/v1/agent/converse', {
    pinned: { agent: { think: { prompt: 'You are a clerk.' } } },
    context,
  });
  client.send(up({ type: 'Settings', agent: { think: { prompt: 'Mine.' } } }));
  expect(await told()).toMatchObject({ type: 'Warning', code: 'pinned' });
  client.send(up({ type: 'Settings', agent: { language: 'en' } }));
  expect((await arrives()).agent).toMatchObject({
    language: 'en',
    think: { prompt: 'You are a clerk.' },
    context: { messages: [{ type: 'History', role: 'user', content: 'what was said' }] },
  });
});

test('a model that goes with what is pinned counts for the list of the key', async () => {
  const mayUse = (model: string) => model === 'gpt-live-1';
  const { client, arrives, told } = await openPinned('/v1/live/sessions', { pinned: { model: 'gpt-live-1' }, mayUse });
  client.send(up({ type: 'session.start', session: {} }));
  expect(await arrives()).toEqual({ type: 'session.start', session: { model: 'gpt-live-1' } });
  client.send(up({ type: 'session.update', session: { delegation: { responses: { model: 'other' } } } }));
  expect(await told()).toMatchObject({ error: { code: 'model_not_allowed' } });
});

test('a compressed message breaks the protocol, and nothing of it passes', async () => {
  const { client, upstream } = await openTaken();
  client.send(frameBytes(1, 'x', { masked: true, rsv: 4 }));
  expect(closeOf(await client.frame()).code).toBe(1002);
  expect((await upstream.frame()).opcode).toBe(8);
});

test('round trips of the client are measured', async () => {
  const { client, session } = await openTaken(REALTIME, { limits: { pingMs: 400 } });
  expect((await client.frame()).opcode).toBe(9);
  client.send(frameBytes(10, '', { masked: true }));
  const kinds = () => session.record().timeline?.map(({ kind }) => kind);
  await until(() => kinds()?.includes('round-trip'));
});
