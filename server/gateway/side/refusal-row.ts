// Tells the ledger who was refused, and why.

import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { DEFAULT_CLASS } from '../../config/file/words.ts';
import { askedFor, callerOf } from '../../http/request/facts.ts';
import type { RefusalRows } from '../../http/request/refusal/refusal-rows.ts';
import type { Admission, AdmissionPolicy } from '../admission/admission.ts';

type FirstFrame = Parameters<typeof callerOf>[2];

/** Tells the ledger of a refusal, once it is known who asked. */
export function tellRefusal(
  { code, message, status }: Pick<Refusal, 'code' | 'message' | 'status'>,
  { request, firstFrame }: { readonly request: IncomingMessage; readonly firstFrame?: FirstFrame },
  host: { readonly refusals?: Pick<RefusalRows, 'add'> | undefined; policy(): AdmissionPolicy },
  admission?: Admission,
): void {
  if (host.refusals === undefined || status === 401) return;
  const policy = host.policy();
  const key = admission?.key ?? callerOf(request, policy, firstFrame);
  if (key === undefined && admission === undefined) return;
  const { provider, model, class: named } = askedFor(request, policy, firstFrame);
  host.refusals.add({
    ...{ kind: 'realtime', path: 'direct', outcome: code, why: message },
    gateway: admission?.provider.name ?? provider,
    asked: model ?? admission?.model,
    ...{ key: key?.id, team: key?.team, endUser: key?.endUser, tags: key?.tags },
    promptClass: admission?.promptClass ?? named ?? DEFAULT_CLASS,
    dataClass: admission?.dataClass ?? key?.dataClass ?? 'open',
    isRehearsal: admission?.isRehearsal,
  });
}
