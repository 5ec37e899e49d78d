// A provider that answers each frame with the same bytes, and each request for a reply with a written turn; and a client's part in it.

import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { WebSocket } from 'ws';
import { message } from './inbox.ts';
import { type FakeProvider, startProvider } from './provider.ts';

/** Each turn costs ten tokens. */
export function startTurnProvider(): Promise<FakeProvider> {
  return startProvider({
    onSession: (ws) =>
      ws.on('message', (data: Buffer, binary: boolean) => {
        const asked = binary ? undefined : /"type":"response.create","text":"([^"]*)"/.exec(data.toString())?.[1];
        if (asked === undefined) return ws.send(data, { binary });
        ws.send(JSON.stringify({ type: 'response.output_text.delta', delta: asked }));
        ws.send(JSON.stringify({ type: 'response.output_text.done', text: asked }));
        const usage = { total_tokens: 10, input_tokens: 6, output_tokens: 4 };
        ws.send(JSON.stringify({ type: 'response.done', response: { status: 'completed', usage } }));
      }),
  });
}

/** The user says `asked <words>`, the assistant `<words>`. */
export async function turn(client: WebSocket, words: string): Promise<void> {
  const content = [{ type: 'input_text', text: `asked ${words}` }];
  client.send(JSON.stringify({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } }));
  await message(client);
  client.send(`{"type":"response.create","text":"${words}"}`);
  for (let event = 0; event < 3; event++) await message(client);
}

/** Frames of audio there and back, compared. */
export async function talk(client: WebSocket, frames: number): Promise<void> {
  for (let frame = 0; frame < frames; frame++) {
    const bytes = Buffer.from(JSON.stringify({ type: 'input_audio_buffer.append', audio: randomUUID().repeat(20) }));
    client.send(bytes, { binary: false });
    expect((await message(client)).data.equals(bytes)).toBe(true);
  }
}
