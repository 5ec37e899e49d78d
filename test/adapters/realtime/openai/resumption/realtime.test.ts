// Sessions of Realtime that go on at another socket, over real sockets: who ends turns there, and which settings it is told.

import { afterEach, describe, expect, test } from 'vitest';
import type { ProviderLeg } from '../../../../support/realtime-provider.ts';
import { endCalls, survivingCall } from '../../../../support/surviving-call.ts';
import { until } from '../../../../support/until.ts';

afterEach(endCalls);

const turnsBy = (turn_detection: object | null) => ({
  type: 'session.update',
  session: { type: 'realtime', audio: { input: { turn_detection } } },
});
const spoken = { id: 'item_said', type: 'message', role: 'user', content: [{ type: 'input_audio' }] };
const typesTold = ({ told }: ProviderLeg) => told.map(({ type }) => type);

describe('the end of a turn', () => {
  test('that the client has set is told again behind its sound, until the provider has taken it', async () => {
    const { send, leg, types } = await survivingCall();
    const first = await leg(1);
    send(turnsBy(null));
    await until(() => types().includes('session.updated'));
    for (const audio of ['b25l', 'dHdv']) send({ type: 'input_audio_buffer.append', audio });
    send({ type: 'input_audio_buffer.commit' });
    send({ type: 'input_audio_buffer.append', audio: 'bmV4dA==' });
    await until(() => first.told.length === 5);
    first.ws.terminate();
    const second = await leg(2);
    await until(() => second.told.length === 5);
    expect(second.told.slice(1)).toEqual(first.told.slice(1));
    second.send({ type: 'input_audio_buffer.committed', item_id: spoken.id });
    second.send({ type: 'conversation.item.added', item: spoken });
    await until(() => types().includes('conversation.item.added'));
    second.ws.terminate();
    const third = await leg(3);
    await until(() => third.told.length === 3);
    expect(typesTold(third)).toEqual(['session.update', 'conversation.item.create', 'input_audio_buffer.append']);
    expect(third.audio()).toBe('bmV4dA==');
  });

  test('that the provider has found is answered at the next socket', async () => {
    const { send, leg, types } = await survivingCall();
    const first = await leg(1);
    send(turnsBy({ type: 'server_vad' }));
    await until(() => types().includes('session.updated'));
    for (const type of ['speech_started', 'speech_stopped', 'committed'])
      first.send({ type: `input_audio_buffer.${type}`, item_id: spoken.id });
    first.send({ type: 'conversation.item.added', item: spoken });
    await until(() => types().includes('conversation.item.added'));
    first.ws.terminate();
    await until(() => types().includes('response.done'));
    expect(typesTold(await leg(2))).toEqual(['session.update', 'conversation.item.create', 'response.create']);
  });

  test('asks for no reply where the provider gives none by itself', async () => {
    const { send, leg, types } = await survivingCall();
    const first = await leg(1);
    send(turnsBy({ type: 'server_vad', create_response: false }));
    await until(() => types().includes('session.updated'));
    first.send({ type: 'input_audio_buffer.committed', item_id: spoken.id });
    await until(() => types().includes('input_audio_buffer.committed'));
    first.ws.terminate();
    const second = await leg(2);
    send({ type: 'input_audio_buffer.clear' });
    await until(() => typesTold(second).includes('input_audio_buffer.clear'));
    expect(typesTold(second)).toEqual(['session.update', 'input_audio_buffer.clear']);
  });

  test('is no moment for a move: the reply to it comes first', async () => {
    const { send, leg, types } = await survivingCall({ expiresIn: (number) => (number === 1 ? 2 : 3600) });
    const first = await leg(1);
    send(turnsBy({ type: 'server_vad' }));
    first.send({ type: 'input_audio_buffer.speech_started', item_id: spoken.id });
    await leg(2);
    for (const type of ['speech_stopped', 'committed']) {
      first.send({ type: `input_audio_buffer.${type}`, item_id: spoken.id });
      await until(() => types().includes(`input_audio_buffer.${type}`));
    }
    first.reply(['Yes.']);
    await until(() => types().includes('response.done'));
    await until(() => first.ws.readyState === first.ws.CLOSED);
  });
});

test('settings that a provider has refused are not told to the next one', async () => {
  const { send, leg, types } = await survivingCall({
    refuses: ({ session }) => JSON.stringify(session).includes('bad'),
  });
  const first = await leg(1);
  send({ type: 'session.update', session: { instructions: 'Be kind.' } });
  send({ type: 'session.update', event_id: 'mine', session: { voice: 'bad' } });
  send({ type: 'session.update', session: { speed: 1 } });
  await until(() => types().filter((type) => type === 'session.updated').length === 2);
  expect(types()).toContain('error');
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.told.length === 1);
  expect(second.told[0]?.session).toEqual({ instructions: 'Be kind.', speed: 1 });
});

test('a session is billed for messages that are told again where messages are billed', async () => {
  const { send, leg, client, gateway } = await survivingCall({}, {}, '/xai/v1/realtime?trunkline-survive=provider');
  const content = [{ type: 'input_text', text: 'Hello.' }];
  send({ type: 'conversation.item.create', item: { id: 'item_mine', type: 'message', role: 'user', content } });
  const first = await leg(1);
  await until(() => first.items.size === 1);
  first.ws.close(1011);
  const second = await leg(2);
  await until(() => second.items.size === 1);
  client.close(1000);
  expect((await gateway.nextEnd()).usage).toMatchObject({ messages: 2 });
});

test('a client is shown the answer to its own update where a next socket has refused the settings of before', async () => {
  let isRefusing = false;
  const { send, leg, types, events } = await survivingCall({ refuses: () => isRefusing });
  const first = await leg(1);
  send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be kind.' } });
  await until(() => types().includes('session.updated'));
  isRefusing = true;
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.told.length > 0);
  isRefusing = false;
  send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } });
  await until(() => types().filter((type) => type === 'session.updated').length === 2);
  expect(events.filter(({ type }) => type === 'error')).toEqual([]);
});
