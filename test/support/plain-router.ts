// A router without policy, budget or ledger: one HTTP call to a scripted LLM gateway. It tests what a runner makes of answers and failures.

import { randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';
import type { Answered, Call, Router } from '../../server/side/llm/call.ts';
import type { Failure } from '../../server/side/llm/failure.ts';

export interface PlainRouterOptions {
  readonly baseUrl: string;
  readonly timeoutMs?: number;
  /** Sees each call first. If it gives an answer, that is the router's. */
  readonly before?: (call: Call) => Failure | undefined | Promise<Failure | undefined>;
}

export function plainRouter({ baseUrl, timeoutMs = 5000, before }: PlainRouterOptions): Router {
  const agent = new Agent();
  return {
    classes: ['plain'],
    close: () => agent.destroy(),
    async run(call) {
      const given = await before?.(call);
      if (given !== undefined) return given;
      try {
        const { statusCode, body } = await request(`${baseUrl}/chat/completions`, {
          method: 'POST',
          dispatcher: agent,
          signal: AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]),
          headers: { 'content-type': 'application/json', 'x-task': call.task ?? '' },
          body: JSON.stringify({ model: 'scripted-1', messages: call.llm.messages }),
        });
        const text = await body.text();
        return statusCode === 200 ? answered(text) : failed('upstream_failed', statusCode);
      } catch {
        return failed(call.signal.aborted ? 'cancelled' : 'upstream_timeout', 504);
      }
    },
  };
}

export function failed(code: Failure['code'], status: number, more: Partial<Failure> = {}): Failure {
  return { kind: 'failed', code, message: 'scripted', status, isTransient: true, ...more };
}

function answered(body: string): Answered | Failure {
  try {
    const completion = JSON.parse(body);
    const choice = completion.choices[0];
    const outcome = {
      completion,
      text: choice.message.content,
      served: completion.model,
      finish: choice.finish_reason,
    };
    const unknown = { provider: undefined, usage: undefined, costUsd: undefined };
    return { kind: 'answered', attempt: randomUUID(), gateway: 'scripted', isRehearsal: false, ...unknown, ...outcome };
  } catch {
    return failed('upstream_failed', 502);
  }
}
