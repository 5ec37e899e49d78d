// Property of runs: a client that drops at random points and comes back gets every event once, in order.
// TRUNKLINE_LONG=1 drops the clients of 2,000 runs, else of 60.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../../support/random.ts';
import { startResponses } from '../../../support/responses-side.ts';
import type { ScriptedAnswer } from '../../../support/scripted-responses.ts';

const RUNS = process.env.TRUNKLINE_LONG === '1' ? 2000 : 60;
const AT_ONCE = 12;
const { below } = seededRandom(20261129);
const turn = () => new Promise((resolve) => setImmediate(resolve));

let side: Awaited<ReturnType<typeof startResponses>>;
beforeAll(async () => {
  side = await startResponses();
});
afterAll(() => side?.close());

/** Says something now and then, for a random while. */
async function speak(answer: ScriptedAnswer): Promise<void> {
  answer.begin();
  let said = 0;
  for (let parts = below(20); parts > 0; parts--) {
    const count = below(12);
    answer.say(count, said);
    said += count;
    for (let pause = below(6); pause > 0; pause--) await turn();
  }
  answer.complete();
}

interface Seen {
  readonly sequences: number[];
  readonly words: string[];
  id: string;
  isOver: boolean;
  drops: number;
}

/** Reads events until the end, or until so many have come. */
async function readSome(reply: Response, seen: Seen, most: number): Promise<void> {
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

async function run(): Promise<Seen> {
  const seen: Seen = { sequences: [], words: [], id: '', isOver: false, drops: -1 };
  while (!seen.isOver) {
    seen.drops += 1;
    const controller = new AbortController();
    const last = seen.sequences.at(-1);
    const { signal } = controller;
    const reply = await (seen.id === ''
      ? side.ask({ input: 'Hello', stream: true }, 'web-secret', { signal })
      : side.get(`${seen.id}?stream=true&starting_after=${last}`, 'web-secret', { signal }));
    expect(reply.status).toBe(200);
    await readSome(reply, seen, 1 + below(40));
    controller.abort();
  }
  return seen;
}

test('a client that drops at random points and resumes gets every event once, in order', {
  timeout: 30_000 + RUNS * 200,
}, async () => {
  side.script((answer) => void speak(answer));
  let left = RUNS;
  let drops = 0;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const seen = await run();
      drops += seen.drops;
      expect(seen.sequences).toEqual(seen.sequences.map((_, at) => at));
      expect(seen.words).toEqual(seen.words.map((_, at) => `w${at} `));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(drops).toBeGreaterThan(RUNS);
});
