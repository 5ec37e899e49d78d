// Chats of Hume's EVI that survive their provider's socket, over real sockets: how the next one resumes the chat group, and what the client sees.

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { humeChatResumption } from '../../../../adapters/realtime/hume/resumption.ts';
import { closed } from '../../../support/inbox.ts';
import { dialectAt } from '../../../support/pin-policy/cases.ts';
import { down, up } from '../../../support/pinned-session.ts';
import { playedCall } from '../../../support/played-call.ts';
import { openRawSession } from '../../../support/raw-session.ts';
import { watchSocket } from '../../../support/raw-socket.ts';
import { destroySocketPairs, openSocketPair } from '../../../support/socket-pair.ts';
import { endCalls } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

afterEach(endCalls);

const said = (content: string, more = {}) => ({ type: 'user_message', message: { role: 'user', content }, ...more });
const reply = { type: 'assistant_message', message: { role: 'assistant', content: 'It is noon.' } };
const settings = {
  type: 'session_settings',
  audio: { encoding: 'linear16', sample_rate: 16_000, channels: 1 },
};

async function chat(config: Record<string, unknown> = {}) {
  const call = await playedCall(
    '/v0/evi/chat?config_id=c1',
    (number) => [{ type: 'chat_metadata', chat_id: `chat${number}`, chat_group_id: 'group' }],
    config,
  );
  await until(() => call.events.length === 1);
  call.say(settings);
  const first = await call.leg(1);
  await until(() => first.said.length === 1);
  return { ...call, first };
}

test('a chat goes on in mid-speech: its group is resumed, its settings are set again, and the speech is said again', async () => {
  const { say, leg, events, closes, first } = await chat();
  say({ type: 'audio_input', data: 'b2xk' });
  await until(() => first.said.length === 2);
  first.tell(said('Hel', { interim: true }));
  await until(() => events.length === 2);
  say({ type: 'pause_assistant_message' });
  say({ type: 'audio_input', data: 'bmV3' });
  await until(() => first.said.length === 4);
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.said.length === 4);
  const { searchParams } = new URL(second.request.url ?? '', 'ws://gateway');
  expect([searchParams.get('config_id'), searchParams.get('resumed_chat_group_id')]).toEqual(['c1', 'group']);
  expect(second.said).toEqual([
    settings,
    { type: 'pause_assistant_message' },
    { type: 'audio_input', data: 'b2xk' },
    { type: 'audio_input', data: 'bmV3' },
  ]);
  second.tell(said('Hello'));
  second.tell(reply);
  await until(() => events.length === 4);
  expect(events.map(({ type }) => type)).toEqual([
    'chat_metadata',
    'user_message',
    'user_message',
    'assistant_message',
  ]);
  expect(closes).toEqual([]);
});

test.each(['incomplete', 'again'])('a reply that its socket took with it ends, and is %s', async (cutReply) => {
  const { leg, events, first } = await chat({ survive: { cutReply } });
  first.tell(said('What is the time?'));
  first.tell(reply);
  first.tell({ type: 'audio_output', id: 'a', index: 0, data: 'AAAA' });
  await until(() => events.length === 4);
  first.ws.close(1011);
  const second = await leg(2);
  await until(() => events.length === 5);
  expect(events[4]).toEqual({ type: 'assistant_end' });
  if (cutReply === 'again') {
    await until(() => second.said.length === 2);
    expect(second.said[1]).toEqual({ type: 'user_input', text: 'What is the time?' });
    second.tell(said('What is the time?', { from_text: true }));
  }
  second.tell(reply);
  second.tell(said('Thanks.'));
  await until(() => events.length === 7);
  expect(events.slice(5)).toEqual([reply, said('Thanks.')]);
  expect(second.said.slice(1)).toHaveLength(cutReply === 'again' ? 1 : 0);
});

test('what was asked without an answer is asked again, and a call of a tool is told to be lost', async () => {
  const { say, leg, events, first } = await chat();
  first.tell(said('What is the time?'));
  first.tell({ type: 'tool_call', tool_call_id: 't1', name: 'clock', parameters: '{}' });
  await until(() => events.length === 3);
  say({ type: 'user_input', text: 'Hurry.' });
  await until(() => first.said.length === 2);
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.said.length === 3 && events.length === 4);
  expect(events[3]).toMatchObject({ type: 'tool_error', tool_call_id: 't1', code: 'connection_lost' });
  expect(second.said.slice(1)).toEqual([
    { type: 'user_input', text: 'What is the time?' },
    { type: 'user_input', text: 'Hurry.' },
  ]);
  say({ type: 'tool_response', tool_call_id: 't1', content: 'noon' });
  await until(() => second.said.length === 4);
  expect(second.said[3]).toEqual({ type: 'session_settings' });
});

test('a chat goes on behind a close, and one in which nobody has said anything ends with its provider', async () => {
  const { leg, client, first, closes } = await chat();
  first.tell(said('Hello.'));
  first.tell(reply);
  first.tell({ type: 'assistant_end' });
  first.ws.close(1000);
  const second = await leg(2);
  await until(() => second.said.length === 1);
  expect(closes).toEqual([]);
  second.ws.close(1000);
  expect(await closed(client)).toMatchObject({ code: 1000 });
});

test('a chat moves ahead of the end of its socket, which is dialled only between turns, so that the group knows of them', async () => {
  const next = await openSocketPair({ near: 'dialled' });
  let dials = 0;
  const survival = {
    ...({ resumption: humeChatResumption, cutReply: 'incomplete', maxMs: 10_000, maxLegMs: 50 } as const),
    async dial(_: AbortSignal, query?: Readonly<Record<string, string>>) {
      dials += 1;
      expect(query).toEqual({ resumed_chat_group_id: 'group' });
      return { socket: next.near, mask: undefined };
    },
  };
  const { upstream, client } = await openRawSession({ dialect: dialectAt('/v0/evi/chat'), survival });
  const told = async () => JSON.parse((await client.frame()).payload.toString()).type;
  const metadata = down({ type: 'chat_metadata', chat_id: 'chat', chat_group_id: 'group' });
  for (const event of [metadata, down(said('Hello.')), down(reply)]) upstream.send(event);
  expect([await told(), await told(), await told()]).toEqual(['chat_metadata', 'user_message', 'assistant_message']);
  // The time of the socket is over, and the reply is not.
  await delay(100);
  expect(dials).toBe(0);
  upstream.send(down({ type: 'assistant_end' }));
  expect(await told()).toBe('assistant_end');
  const provider = watchSocket(next.far);
  await until(() => dials === 1);
  client.send(up(settings));
  provider.send(metadata);
  provider.send(down(said('Bye.')));
  expect(await told()).toBe('user_message');
  expect(JSON.parse((await provider.frame()).payload.toString())).toEqual(settings);
  destroySocketPairs();
});
