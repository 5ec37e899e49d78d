// Asks for a call at its account, or at the targets of its model one behind the other. Rule: the next one is asked only where no call can have begun: it
// could not be connected, or refused with 429 or 503. Behind any other failure there may be a call that nobody would count.

import { performance } from 'node:perf_hooks';
import type { HttpReply, Refusal } from '../../../adapters/realtime/refusal.ts';
import type { OpeningLeash } from '../money/leash.ts';
import { type Leashing, nextTarget } from '../targets/dial.ts';
import type { CallAdmission } from './admit-call.ts';
import { askForWhole } from './ask-provider.ts';

/** A call that begins: what was asked for is there. */
export type Beginning = CallAdmission & { readonly asked: NonNullable<CallAdmission['asked']> };

interface LeashedCall {
  readonly admission: Beginning;
  readonly leash: OpeningLeash | undefined;
}

/** `at`: the time at which it was asked, in monotonic ms. */
interface AskedTarget extends LeashedCall {
  readonly reply: HttpReply | Refusal;
  readonly at: number;
}

interface AskMeans extends Leashing {
  readonly accept: string | undefined;
  readonly signal: AbortSignal;
  /** True once nobody waits for the answer. */
  hasLeft(): boolean;
}

/** Where all fail, the answer is the last that a provider gave itself, else the last of all. */
export async function askTargets(first: LeashedCall, means: AskMeans): Promise<AskedTarget> {
  const { targets } = first.admission;
  const failed: AskedTarget[] = [];
  for (let next: LeashedCall | undefined = first; next !== undefined; ) {
    const { admission } = next;
    const { asked, target, policy } = admission;
    const at = performance.now();
    let isSent = false;
    const limits = { ...policy.config.limits, dialMs: targets?.shareMs ?? policy.config.limits.dialMs };
    const question = { method: 'POST', body: asked.write(asked.session), accept: means.accept };
    const config = { ...policy.config, limits };
    const onSent = () => {
      isSent = true;
    };
    const reply = await askForWhole(admission, question, { config, signal: means.signal, onSent });
    const answer = { ...next, reply, at };
    const code = failureOf(reply, isSent);
    if (code === undefined || targets === undefined || target === undefined) return answer;
    if (means.signal.aborted || means.hasLeft()) return answer;
    failed.push(answer);
    targets.failed(target, { at, outcome: code, ms: performance.now() - at });
    next = (await nextTarget(first, means)) as LeashedCall | undefined;
  }
  return failed.findLast(({ reply }) => !('code' in reply)) ?? (failed.at(-1) as AskedTarget);
}

function failureOf(reply: HttpReply | Refusal, isSent: boolean): string | undefined {
  if ('code' in reply) return isSent ? undefined : reply.code;
  return reply.status === 429 || reply.status === 503 ? `upstream_refused ${reply.status}` : undefined;
}
