// When the circuit of a target opens, and who is let through to try it.

import { describe, expect, test, vi } from 'vitest';
import { LlmFailure, type LlmFailureCode } from '../../../../../adapters/llm/contract.ts';
import { CallAborted } from '../../../../../server/side/llm/attempt/deadline.ts';
import { throughCircuit } from '../../../../../server/side/llm/send/call-circuit.ts';
import { Circuit } from '../../../../../server/side/llm/send/circuit.ts';

const options = { leastCalls: 4, share: 0.5, windowMs: 60_000, pauseMs: 10_000 };
const ok = async () => 'answer';
const failWith =
  (code: LlmFailureCode, isOurs = false) =>
  () =>
    Promise.reject(new LlmFailure(code, 'scripted', { isOurs }));

async function run(circuit: Circuit, work: () => Promise<unknown>, { times = 1, key = 'demo' } = {}): Promise<void> {
  for (let count = 0; count < times; count++) await throughCircuit(circuit, work, key).catch(() => undefined);
}
const isOpen = (circuit: Circuit, now = Date.now()) => circuit.blocked(now)?.reason === 'broken';

describe('the circuit opens', () => {
  test.each(['unavailable', 'timeout', 'garbled'] as const)(
    'after enough calls that ended in %s, for a time',
    async (code) => {
      const circuit = new Circuit(options);
      await run(circuit, failWith(code), { times: 3 });
      expect(isOpen(circuit)).toBe(false);
      await run(circuit, failWith(code));
      expect(isOpen(circuit)).toBe(true);
      expect(isOpen(circuit, Date.now() + 20_000)).toBe(false);
      await expect(throughCircuit(circuit, ok, 'demo')).rejects.toThrow('has failed too often');
    },
  );

  test('when half of the calls fail, though there are answers between them', async () => {
    const circuit = new Circuit(options);
    for (let count = 0; count < 2; count++) {
      await run(circuit, ok);
      await run(circuit, failWith('unavailable'));
    }
    expect(isOpen(circuit)).toBe(true);
  });

  test('for the time-outs of two keys, and of the only key there is', async () => {
    const shared = new Circuit(options);
    await run(shared, failWith('timeout'), { times: 2, key: 'one' });
    await run(shared, failWith('timeout'), { times: 2, key: 'two' });
    expect(isOpen(shared)).toBe(true);
  });
});

describe('the circuit stays closed', () => {
  test('when few of many calls fail', async () => {
    const circuit = new Circuit(options);
    await run(circuit, ok, { times: 20 });
    await run(circuit, failWith('unavailable'), { times: 5 });
    expect(isOpen(circuit)).toBe(false);
  });

  test.each(['invalid', 'limited', 'unsupported', 'credential', 'aborted'] as const)(
    'for what says nothing of the health of the target: %s',
    async (code) => {
      const circuit = new Circuit(options);
      await run(circuit, failWith(code), { times: 20 });
      expect(isOpen(circuit)).toBe(false);
    },
  );

  test('for our own limits and faults, and for callers that leave', async () => {
    const circuit = new Circuit(options);
    await run(circuit, failWith('garbled', true), { times: 20 });
    await run(circuit, () => Promise.reject(new CallAborted('client')), { times: 20 });
    await run(circuit, () => Promise.reject(new CallAborted('deadline')), { times: 20 });
    expect(isOpen(circuit)).toBe(false);
  });

  test('for time-outs that one key alone meets while another is answered', async () => {
    const circuit = new Circuit(options);
    await run(circuit, ok, { key: 'other' });
    await run(circuit, failWith('timeout'), { times: 50, key: 'slow' });
    expect(isOpen(circuit)).toBe(false);
    await run(circuit, failWith('unavailable'), { times: 4, key: 'slow' });
    expect(isOpen(circuit)).toBe(true);
  });
});

describe('after its pause', () => {
  test('one real call is let through: its answer closes the circuit, its failure opens it again', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const circuit = new Circuit(options);
      await run(circuit, failWith('unavailable'), { times: 4 });
      vi.setSystemTime(Date.now() + 10_001);
      const { promise, reject } = Promise.withResolvers<never>();
      const trial = throughCircuit(circuit, () => promise, 'demo');
      expect(isOpen(circuit)).toBe(true);
      reject(new LlmFailure('unavailable', 'scripted'));
      await expect(trial).rejects.toThrow('scripted');
      expect(isOpen(circuit)).toBe(true);
      vi.setSystemTime(Date.now() + 10_001);
      await run(circuit, () => Promise.reject(new CallAborted('client')));
      expect(isOpen(circuit)).toBe(false);
      await run(circuit, ok);
      await run(circuit, failWith('unavailable'), { times: 3 });
      expect(isOpen(circuit)).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a trial whose answer flows has passed: others need not wait for its end', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const circuit = new Circuit(options);
      await run(circuit, failWith('unavailable'), { times: 4 });
      vi.setSystemTime(Date.now() + 10_001);
      const end = Promise.withResolvers<void>();
      const trial = throughCircuit(
        circuit,
        (answering) => {
          answering();
          return end.promise;
        },
        'demo',
      );
      expect(isOpen(circuit)).toBe(false);
      await run(circuit, ok, { times: 3 });
      end.resolve();
      await trial;
      expect(isOpen(circuit)).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });
});
