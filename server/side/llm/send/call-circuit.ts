// Runs calls through the circuit of their target: one model at one LLM gateway, for all classes that use it.

import { LlmFailure } from '../../../../adapters/llm/index.ts';
import type { Circuit, Illness } from './circuit.ts';

/**
 * Failures of the target itself. A busy one, or one that refuses a request, a key, or an answer, is not ill; what ends by our own limits, or
 * because its caller left, says nothing of it.
 */
const ILLNESSES: readonly LlmFailure['code'][] = ['unavailable', 'timeout', 'garbled'];

/**
 * Runs a call of a key, and lets the circuit learn from how it ends; a trial has passed as soon as the work says that the target answers. Rejects with
 * an LlmFailure when the circuit has opened meanwhile.
 */
export async function throughCircuit<T>(
  circuit: Circuit,
  work: (answering: () => void) => Promise<T>,
  key: string | undefined,
): Promise<T> {
  if (circuit.blocked(Date.now())?.reason === 'broken')
    throw new LlmFailure('unavailable', 'has failed too often lately', { isOurs: true });
  const attempt = circuit.begin(key);
  try {
    const result = await work(attempt.answering);
    attempt.learn(undefined);
    return result;
  } catch (error) {
    if (error instanceof LlmFailure) attempt.learn(illnessOf(error));
    throw error;
  } finally {
    attempt.end();
  }
}

function illnessOf(failure: LlmFailure): Illness | undefined {
  if (failure.isOurs || !ILLNESSES.includes(failure.code)) return undefined;
  return failure.code === 'timeout' ? 'timeout' : 'other';
}
