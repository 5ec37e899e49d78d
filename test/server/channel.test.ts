// Calls between processes: each gets its own answer, or an error, also when the other side is gone.

import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type Channel, type Offers, openChannel } from '../../server/channel.ts';

/** Two ends of a pipe: what one sends the other receives, as a copy and in a later turn, as between processes. */
class End extends EventEmitter {
  connected = true;
  other: End | undefined;

  send(message: unknown, _handle: unknown, _options: unknown, sent?: (error: Error | null) => void): boolean {
    const copy = structuredClone(message);
    setImmediate(() => {
      if (this.connected) this.other?.emit('message', copy);
      sent?.(this.connected ? null : new Error('channel closed'));
    });
    return true;
  }

  break(): void {
    for (const end of [this, this.other]) {
      if (end === undefined) continue;
      end.connected = false;
      end.emit('disconnect');
    }
  }
}

function pair(offers: Offers, back: Offers = {}): { near: Channel; far: Channel; end: End } {
  const [one, two] = [new End(), new End()];
  one.other = two;
  two.other = one;
  const open = (end: End, own: Offers) => openChannel(end as unknown as ChildProcess, own);
  return { near: open(one, back), far: open(two, offers), end: one };
}

test('a call gets the answer of the other side', async () => {
  const { near } = pair({ add: ({ a, b }: { a: number; b: number }) => a + b });
  expect(await near.call('add', { a: 2, b: 3 })).toBe(5);
});

test('both sides may call, also while they answer', async () => {
  const { near, far } = pair(
    { ask: async (text: string) => `${text} ${await far.call('name')}` },
    { name: async () => 'near' },
  );
  expect(await near.call('ask', 'this is')).toBe('this is near');
});

test('each call gets its own answer, whichever comes first', async () => {
  const waiting: ((text: string) => void)[] = [];
  const { near } = pair({ later: () => new Promise((resolve) => waiting.push(resolve)) });
  const [first, second] = [near.call('later'), near.call('later')];
  while (waiting.length < 2) await new Promise(setImmediate);
  waiting[1]?.('second');
  expect(await second).toBe('second');
  waiting[0]?.('first');
  expect(await first).toBe('first');
});

describe('a call is an error', () => {
  test('when the other side fails', async () => {
    const { near } = pair({
      fail: () => {
        throw new Error('no');
      },
      failLater: () => Promise.reject('a string'),
    });
    await expect(near.call('fail')).rejects.toThrow('no');
    await expect(near.call('failLater')).rejects.toThrow('a string');
  });

  test('when nothing of that name is offered', async () => {
    const { near } = pair({});
    await expect(near.call('toString')).rejects.toThrow('nothing offers toString');
  });

  test('when the other side is gone before it answers', async () => {
    const { near, end } = pair({ never: () => new Promise(() => {}) });
    const calls = [near.call('never'), near.call('never')];
    await new Promise(setImmediate);
    end.break();
    for (const call of calls) await expect(call).rejects.toThrow('the other process is gone');
  });

  test('when the other side has been gone for a while', async () => {
    const { near, end } = pair({ add: () => 1 });
    end.break();
    await expect(near.call('add')).rejects.toThrow('the other process is gone');
  });
});

test('what is told gets no answer, and is no error when nobody is there', async () => {
  const heard: string[] = [];
  const { near, end } = pair({ hear: (text: string) => heard.push(text) });
  near.tell('hear', 'one');
  while (heard.length === 0) await new Promise(setImmediate);
  end.break();
  near.tell('hear', 'two');
  await new Promise(setImmediate);
  expect(heard).toEqual(['one']);
});

test('an answer that nobody waits for is ignored', async () => {
  const { near, end } = pair({ add: () => 1 });
  end.emit('message', { kind: 'answer', id: 99, result: 'x' });
  end.emit('message', { kind: 'fault', id: 99, message: 'x' });
  expect(await near.call('add')).toBe(1);
});
