// Property of runs: a client that drops at random points and comes back gets every event once, in order.
// TRUNKLINE_LONG=1 drops the clients of 2,000 runs, else of 60.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDropped } from '../../../support/dropped-streams.ts';
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

const run = () =>
  readDropped({
    ask: (signal) => side.ask({ input: 'Hello', stream: true }, 'web-secret', { signal }),
    resume: (id, after, signal) => side.get(`${id}?stream=true&starting_after=${after}`, 'web-secret', { signal }),
    most: () => 1 + below(40),
  });

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
