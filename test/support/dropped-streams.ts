// A client of streamed responses that drops its connection again and again, and goes on behind the last event that it has.

import { expect } from 'vitest';

interface DroppedStream {
  readonly sequences: number[];
  readonly words: string[];
  id: string;
  isOver: boolean;
  drops: number;
}

interface DroppingClient {
  /** Asks for a streamed response. */
  ask(signal: AbortSignal): Promise<Response>;
  /** Asks for the events of that response behind that one. */
  resume(id: string, after: number, signal: AbortSignal): Promise<Response>;
  /** Gives the number of events after which it drops the next connection. */
  most(): number;
}

export async function readDropped(client: DroppingClient): Promise<DroppedStream> {
  const seen: DroppedStream = { sequences: [], words: [], id: '', isOver: false, drops: -1 };
  while (!seen.isOver) {
    seen.drops += 1;
    const controller = new AbortController();
    const { signal } = controller;
    const reply = await (seen.id === ''
      ? client.ask(signal)
      : client.resume(seen.id, seen.sequences.at(-1) ?? -1, signal));
    expect(reply.status).toBe(200);
    await readSome(reply, seen, client.most());
    controller.abort();
  }
  return seen;
}

/** Reads events until the end, or until so many have come. */
async function readSome(reply: Response, seen: DroppedStream, most: number): Promise<void> {
  let rest = '';
  let taken = 0;
  const decoder = new TextDecoder();
  for await (const piece of reply.body as unknown as AsyncIterable<Uint8Array>) {
    const blocks = (rest + decoder.decode(piece, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (!block.startsWith('event: ')) continue;
      if (taken === most) return;
      taken += 1;
      const event = JSON.parse(block.slice(block.indexOf('data: ') + 6));
      seen.sequences.push(event.sequence_number);
      if (event.delta !== undefined) seen.words.push(event.delta);
      seen.id ||= event.response?.id ?? '';
      seen.isOver ||= event.type === 'response.completed';
    }
  }
}
