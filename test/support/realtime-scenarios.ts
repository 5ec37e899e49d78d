// Turns that clients of the official SDK for OpenAI Realtime take with the rehearsal provider.

import type { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import type { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { spokenTurn } from './recording.ts';
import type { Heard } from './sdk.ts';

export type RealtimeClient = OpenAIRealtimeWS | OpenAIRealtimeWebSocket;
export const RATE_HZ = 24_000;

function say(client: RealtimeClient, text: string): void {
  client.send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  });
}

/** Sends a turn of sound. */
export function speak(client: RealtimeClient, turn: readonly string[]): void {
  for (const audio of turn) client.send({ type: 'input_audio_buffer.append', audio });
}

export async function textTurn(client: RealtimeClient, heard: Heard<RealtimeServerEvent>): Promise<void> {
  client.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
  await heard.type('session.updated');
  say(client, 'Good morning');
  client.send({ type: 'response.create' });
  await heard.type('response.done');
  await heard.type('rate_limits.updated');
}

export async function voiceTurn(client: RealtimeClient, heard: Heard<RealtimeServerEvent>): Promise<void> {
  const input = { transcription: { model: 'gpt-realtime-whisper' } };
  client.send({ type: 'session.update', session: { type: 'realtime', audio: { input } } });
  await heard.type('session.updated');
  speak(client, spokenTurn('librivox-0880', RATE_HZ));
  await heard.type('response.done');
  await heard.type('rate_limits.updated');
}

export async function toolCall(client: RealtimeClient, heard: Heard<RealtimeServerEvent>): Promise<void> {
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  client.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['text'],
      tools: [{ type: 'function', name: 'weather', parameters }],
    },
  });
  say(client, 'Use the weather tool.');
  client.send({ type: 'response.create' });
  const call = await heard.type('response.function_call_arguments.done');
  await heard.type('rate_limits.updated');
  const output = { type: 'function_call_output' as const, call_id: call.call_id, output: '{"sky":"clear"}' };
  client.send({ type: 'conversation.item.create', item: output });
  client.send({ type: 'response.create' });
  await heard.type('response.done');
  await heard.type('rate_limits.updated');
}
