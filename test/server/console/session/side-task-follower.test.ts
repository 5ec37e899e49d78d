// Following the side tasks of a session, with the answers of a scripted gateway.

import { expect, test } from 'vitest';
import { type PostCallState, SideTaskFollower } from '../../../../server/console/session/side-task-follower.ts';

interface Step {
  readonly status?: number;
  readonly body?: unknown;
}

const task = (state: string) => ({ id: 's.summary', kind: 'summary', state });
const open = { state: 'open', tasks: [task('queued')], ledger: [] };
const done = { state: 'closed', tasks: [task('done')], ledger: [] };

/** Answers each poll with the next step, and from then on with the last one; streams are those of `streams`, then refused. */
function follow(steps: readonly Step[], streams: readonly BodyInit[] = []) {
  const left = [...steps];
  const streamsLeft = [...streams];
  const said: PostCallState[] = [];
  const urls: string[] = [];
  const waits: number[] = [];
  const follower = new SideTaskFollower({
    session: 'a b',
    key: 'k',
    async fetch(url, init) {
      urls.push(String(url));
      expect(init?.headers).toMatchObject({ authorization: 'Bearer k' });
      if (String(url).endsWith('/events')) {
        expect(init?.headers).toMatchObject({ accept: 'text/event-stream' });
        const stream = streamsLeft.shift();
        if (stream === undefined) return new Response('', { status: 503 });
        return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
      }
      const step = (left.length > 1 ? left.shift() : left[0]) ?? {};
      if (step.status === 0) throw new TypeError('Failed to fetch');
      return Response.json(step.body ?? {}, { status: step.status ?? 200 });
    },
    wait: async (ms) => void waits.push(ms),
    onChange: (after) => said.push(after),
  });
  return { follower, said, urls, waits };
}

const states = (said: readonly PostCallState[]) => said.map(({ state }) => state);

test('the follower polls until the session and every task have ended, and no longer', async () => {
  const { follower, said, urls, waits } = follow([
    { body: open },
    { body: { ...done, tasks: [task('running')] } },
    { body: done },
  ]);
  await follower.run();
  expect(states(said)).toEqual(['following', 'following', 'settled']);
  expect(said.at(-1)?.record?.tasks).toMatchObject([{ kind: 'summary', state: 'done' }]);
  expect(urls[0]).toBe('/v1/sessions/a%20b');
  expect(urls[1]).toBe('/v1/sessions/a%20b/events');
  expect(waits).toEqual([500, 750]);
});

test('an event of the stream causes a poll, and many at once cause few polls', async () => {
  const events = 'data: {}\n\n'.repeat(50);
  const { follower, said, urls } = follow([{ body: open }, { body: open }, { body: done }], [events]);
  await follower.run();
  expect(states(said).at(-1)).toBe('settled');
  expect(urls.filter((url) => !url.endsWith('/events')).length).toBeLessThan(6);
});

test('a comment of the stream causes no poll, and an event that is cut in two causes one', async () => {
  const requests = async (...pieces: string[]) => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(Buffer.from(piece));
        controller.close();
      },
    });
    const { follower, urls } = follow([{ body: open }, { body: open }, { body: done }], [stream]);
    await follower.run();
    return urls.map((url) => (url.endsWith('/events') ? 'stream' : 'poll'));
  };
  expect(await requests('retry: 1000\n\n', ': still here\n\n')).toEqual(['poll', 'stream', 'poll', 'stream', 'poll']);
  expect(await requests('id: 1\nevent: task.done\nda', 'ta: {}\n\n')).toEqual(['poll', 'stream', 'poll', 'poll']);
});

test('the follower keeps what it knows and polls on when there is no answer', async () => {
  const { follower, said } = follow([{ body: open }, { status: 0 }, { status: 503 }, { body: done }]);
  await follower.run();
  expect(states(said)).toEqual(['following', 'unreachable', 'absent', 'settled']);
  expect(said[1]?.record?.tasks).toHaveLength(1);
});

test('a gateway without a side path is not asked for events', async () => {
  const { follower, said, urls } = follow([{ body: { state: 'closed' } }]);
  await follower.run();
  expect(new Set(states(said))).toEqual(new Set(['absent']));
  expect(urls.filter((url) => url.endsWith('/events'))).toEqual([]);
});

test('the follower gives up on tasks that do not end', async () => {
  const { follower, said, waits } = follow([{ body: { ...done, tasks: [task('queued')] } }]);
  await follower.run();
  expect(states(said).at(-1)).toBe('gave-up');
  expect(said).toHaveLength(180);
  expect(Math.max(...waits)).toBe(10_000);
});

test('a session without tasks is settled after a few polls', async () => {
  const { follower, said } = follow([{ body: { state: 'closed', tasks: [] } }]);
  await follower.run();
  expect(states(said)).toEqual([...Array(5).fill('following'), 'settled']);
});

test('a key that is not accepted is not tried again', async () => {
  const { follower, said } = follow([{ status: 401 }]);
  await follower.run();
  expect(states(said)).toEqual(['refused']);
});

test('a follower that was stopped reports nothing more', async () => {
  const { follower, said } = follow([{ body: open }]);
  const run = follower.run();
  follower.stop();
  await run;
  expect(said).toEqual([]);
});
