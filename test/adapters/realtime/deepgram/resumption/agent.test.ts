// Voice agents of Deepgram that survive their provider's socket, over real sockets: what the next one is told, and what the client sees.

import { afterEach, expect, test } from 'vitest';
import { closed } from '../../../../support/inbox.ts';
import { type HeardLeg, playedCall, soundOf } from '../../../../support/played-call.ts';
import { endCalls } from '../../../../support/surviving-call.ts';
import { until } from '../../../../support/until.ts';

afterEach(endCalls);

const RATE = 48_000;
const think = { provider: { type: 'open_ai', model: 'gpt-4o-mini' }, prompt: 'Be brief.' };
const settings = {
  type: 'Settings',
  audio: { input: { encoding: 'linear16', sample_rate: 24_000 }, output: { encoding: 'linear16', container: 'none' } },
  agent: { think, greeting: 'Hello!', context: { messages: [{ type: 'History', role: 'user', content: 'Earlier.' }] } },
};
const said = (role: 'user' | 'assistant', content: string) => ({ type: 'ConversationText', role, content });
const history = (role: 'user' | 'assistant', content: string) => ({ type: 'History', role, content });
const settingsAgain = (...messages: object[]) => ({
  ...settings,
  agent: { think, context: { messages: [history('user', 'Earlier.'), ...messages] } },
});

/** A call whose agent has greeted. */
async function greetedCall(config: Record<string, unknown> = {}) {
  const call = await playedCall(
    '/v1/agent/converse',
    (number) => [{ type: 'Welcome', request_id: `r${number}` }],
    config,
  );
  const { say, leg, events } = call;
  say(settings);
  const first = await leg(1);
  await until(() => first.said.length === 1);
  for (const event of [{ type: 'SettingsApplied' }, said('assistant', 'Hello!'), Buffer.from([1, 2])])
    first.tell(event);
  first.tell({ type: 'AgentAudioDone' });
  await until(() => events.length === 5);
  return { ...call, first };
}

/** The next socket, with the settings that it was told, behind its answer to them. */
async function nextLeg(leg: (number: number) => Promise<HeardLeg>, number = 2) {
  const next = await leg(number);
  await until(() => next.said.length > 0);
  expect(next.messages).toHaveLength(0);
  next.tell({ type: 'SettingsApplied' });
  return { next, told: next.said[0] };
}

test('an agent goes on in mid-speech: it knows what was said, and hears the speech from its beginning on', async () => {
  const { say, leg, events, closes, first } = await greetedCall();
  say({ type: 'UpdatePrompt', prompt: 'Be kind.' });
  say({ type: 'UpdateThink', think });
  say({ type: 'UpdatePrompt', prompt: 'Be short.' });
  first.tell({ type: 'UserStartedSpeaking' });
  await until(() => events.length === 6);
  say(soundOf(500, RATE));
  await until(() => first.messages.length === 1 && first.said.length === 4);
  first.ws.terminate();
  const { next, told } = await nextLeg(leg);
  expect(told).toEqual(settingsAgain(history('assistant', 'Hello!')));
  await until(() => next.messages.length === 1 && next.said.length === 3);
  expect(next.said.slice(1)).toEqual([
    { type: 'UpdateThink', think },
    { type: 'UpdatePrompt', prompt: 'Be short.' },
  ]);
  expect(next.sound()).toEqual(soundOf(500, RATE));
  for (const type of ['ThinkUpdated', 'PromptUpdated', 'UserStartedSpeaking']) next.tell({ type });
  next.tell(said('user', 'What is the time?'));
  say({ type: 'UpdatePrompt', prompt: 'Be quick.' });
  next.tell({ type: 'PromptUpdated' });
  await until(() => events.length === 8);
  expect(events.slice(6)).toEqual([said('user', 'What is the time?'), { type: 'PromptUpdated' }]);
  expect(closes).toEqual([]);
});

test('a question without an answer is asked again, and the client does not hear it twice', async () => {
  const { leg, events, first } = await greetedCall();
  first.tell({ type: 'UserStartedSpeaking' });
  first.tell(said('user', 'What is the time?'));
  await until(() => events.length === 7);
  first.ws.close(1011);
  const { next, told } = await nextLeg(leg);
  expect(told).toEqual(settingsAgain(history('assistant', 'Hello!')));
  await until(() => next.said.length === 2);
  expect(next.said[1]).toEqual({ type: 'InjectUserMessage', content: 'What is the time?' });
  next.tell(said('user', 'What is the time?'));
  next.tell(said('assistant', 'It is noon.'));
  await until(() => events.length === 8);
  expect(events[7]).toEqual(said('assistant', 'It is noon.'));
});

test.each(['incomplete', 'again'])('a reply that its socket took with it ends, and is %s', async (cutReply) => {
  const { leg, events, first } = await greetedCall({ survive: { cutReply } });
  first.tell(said('user', 'Tell me a story.'));
  first.tell(said('assistant', 'Once upon a time.'));
  first.tell(Buffer.from([3, 4]));
  await until(() => events.length === 8);
  first.ws.terminate();
  const { next, told } = await nextLeg(leg);
  await until(() => events.length === 9);
  expect(events[8]).toEqual({ type: 'AgentAudioDone' });
  const greeting = history('assistant', 'Hello!');
  const asked = { type: 'InjectUserMessage', content: 'Tell me a story.' };
  if (cutReply === 'incomplete')
    expect(told).toEqual(
      settingsAgain(greeting, history('user', 'Tell me a story.'), history('assistant', 'Once upon a time.')),
    );
  else {
    expect(told).toEqual(settingsAgain(greeting));
    await until(() => next.said.length === 2);
    expect(next.said[1]).toEqual(asked);
  }
});

test('a function that is being called is cancelled, and its late result goes nowhere; results of before are known', async () => {
  const { say, leg, events, first } = await greetedCall();
  const call = (id: string) => ({ id, name: 'get_time', arguments: '{}', client_side: true });
  first.tell(said('user', 'What is the time?'));
  first.tell({ type: 'FunctionCallRequest', functions: [call('c1'), call('c2')] });
  await until(() => events.length === 7);
  say({ type: 'FunctionCallResponse', id: 'c1', name: 'get_time', content: 'noon' });
  await until(() => first.said.length === 2);
  first.ws.terminate();
  const { next, told } = await nextLeg(leg);
  await until(() => events.length === 8);
  expect(events[7]).toEqual({ type: 'FunctionCallCancelled', functions: [{ id: 'c2', name: 'get_time' }] });
  const called = { type: 'History', function_calls: [{ ...call('c1'), response: 'noon' }] };
  expect(told).toEqual(settingsAgain(history('assistant', 'Hello!'), called));
  say({ type: 'FunctionCallResponse', id: 'c2', name: 'get_time', content: 'late' });
  await until(() => next.said.length === 3);
  expect(next.said.slice(1)).toEqual([
    { type: 'InjectUserMessage', content: 'What is the time?' },
    { type: 'KeepAlive' },
  ]);
});

test('an agent moves ahead of its two hours, between turns, and goes on behind an error of its server', async () => {
  const { say, leg, events, closes, first } = await greetedCall();
  say({ type: 'InjectUserMessage', content: 'Anybody there?' });
  await until(() => first.said.length === 2);
  first.tell({ type: 'Error', code: 'INTERNAL_SERVER_ERROR', description: 'The session is over.' });
  // The next socket is open, and waits for the end of the turn.
  const second = await leg(2);
  expect(second.said).toEqual([]);
  first.tell(said('user', 'Anybody there?'));
  first.tell(said('assistant', 'Yes.'));
  first.tell({ type: 'AgentAudioDone' });
  const { told } = await nextLeg(leg);
  expect(told).toEqual(
    settingsAgain(history('assistant', 'Hello!'), history('user', 'Anybody there?'), history('assistant', 'Yes.')),
  );
  await until(() => events.length === 8);
  expect(events.slice(5).map(({ type }) => type)).toEqual(['ConversationText', 'ConversationText', 'AgentAudioDone']);
  expect(closes).toEqual([]);
});

test('any other error ends the session, as ever', async () => {
  const { events, first, client } = await greetedCall();
  first.tell({ type: 'Error', code: 'CLIENT_MESSAGE_TIMEOUT', description: 'No message came.' });
  first.ws.close(1011);
  expect(await closed(client)).toMatchObject({ code: 1011 });
  expect(events.at(-1)?.type).toBe('Error');
});
