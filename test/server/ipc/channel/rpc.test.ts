// Calls between processes: each gets its own answer, or an error, also when the other side is gone.

import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { type Handlers, Rpc } from '../../../../server/ipc/channel/rpc.ts';
import { until } from '../../../support/until.ts';

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

function pair(handlers: Handlers, back: Handlers = {}): { near: Rpc; far: Rpc; end: End } {
  const [nearEnd, farEnd] = [new End(), new End()];
  nearEnd.other = farEnd;
  farEnd.other = nearEnd;
  const open = (end: End, own: Handlers) => new Rpc(end as unknown as ChildProcess, own);
  return { near: open(nearEnd, back), far: open(farEnd, handlers), end: nearEnd };
}

test('a call resolves with the answer of the other side', async () => {
  const { near } = pair({ add: ({ a, b }: { a: number; b: number }) => a + b });
  expect(await near.call('add', { a: 2, b: 3 })).toBe(5);
});

test('a side may call while it answers', async () => {
  const { near, far } = pair(
    { ask: async (text: string) => `${text} ${await far.call('name')}` },
    { name: async () => 'near' },
  );
  expect(await near.call('ask', 'this is')).toBe('this is near');
});

test('a call gets its own answer, whichever comes first', async () => {
  const waiting: ((text: string) => void)[] = [];
  const { near } = pair({ later: () => new Promise((resolve) => waiting.push(resolve)) });
  const [first, second] = [near.call('later'), near.call('later')];
  while (waiting.length < 2) await new Promise(setImmediate);
  waiting[1]?.('second');
  expect(await second).toBe('second');
  waiting[0]?.('first');
  expect(await first).toBe('first');
});

describe('a call that fails', () => {
  test('rejects with the message of the handler', async () => {
    const { near } = pair({
      fail: () => {
        throw new Error('no');
      },
      failLater: () => Promise.reject('a string'),
    });
    await expect(near.call('fail')).rejects.toThrow('no');
    await expect(near.call('failLater')).rejects.toThrow('a string');
  });

  test('rejects when there is no handler of that name', async () => {
    const { near } = pair({});
    await expect(near.call('toString')).rejects.toThrow('no handler for toString');
  });

  test('rejects when the other side is gone before it answers', async () => {
    const { near, end } = pair({ never: () => new Promise(() => {}) });
    const calls = [near.call('never'), near.call('never')];
    await new Promise(setImmediate);
    end.break();
    for (const call of calls) await expect(call).rejects.toThrow('the other process is gone');
  });

  test('rejects when the other side is already gone', async () => {
    const { near, end } = pair({ add: () => 1 });
    end.break();
    await expect(near.call('add')).rejects.toThrow('the other process is gone');
  });
});

test('a notification reaches the other side, and is no error when that is gone', async () => {
  const heard: string[] = [];
  const { near, end } = pair({ hear: (text: string) => heard.push(text) });
  near.notify('hear', 'one');
  while (heard.length === 0) await new Promise(setImmediate);
  end.break();
  near.notify('hear', 'two');
  await new Promise(setImmediate);
  expect(heard).toEqual(['one']);
});

test('notifications that wait for company go in order, in one message: with the turn of the loop, the next message, or a flush', async () => {
  const told: string[] = [];
  const { near, end } = pair({ tell: (word: string) => void told.push(word), ask: () => told.length });
  const sent = vi.spyOn(end, 'send');
  near.notify('tell', 'one', 'later');
  near.notify('tell', 'two', 'this-turn');
  near.notify('tell', 'three', 'this-turn');
  expect(sent).not.toHaveBeenCalled();
  await until(() => told.length === 3);
  expect(sent).toHaveBeenCalledTimes(1);
  near.notify('tell', 'four', 'later');
  expect(await near.call('ask')).toBe(4);
  near.notify('tell', 'five', 'this-turn');
  near.flush();
  expect(sent).toHaveBeenCalledTimes(3);
  near.notify('tell', 'six', 'later');
  await until(() => told.length === 6);
  expect(told).toEqual(['one', 'two', 'three', 'four', 'five', 'six']);
  expect(sent).toHaveBeenCalledTimes(4);
});

test('an answer without a call is ignored', async () => {
  const { near, end } = pair({ add: () => 1 });
  end.emit('message', { kind: 'answer', id: 99, result: 'x' });
  end.emit('message', { kind: 'fault', id: 99, message: 'x' });
  expect(await near.call('add')).toBe(1);
});

test('a notification that fails is no error on either side', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  const { near } = pair({ fail: () => Promise.reject(new Error('no')), add: () => 1 });
  near.notify('fail');
  near.notify('unknown');
  expect(await near.call('add')).toBe(1);
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});
