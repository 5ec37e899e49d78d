// Tells of the targets that were tried for one session: to the log, the metrics and the ledger, once its client has its answer.

import type { RefusalFacts, RefusalLog } from '../../http/request/refusal/refusal-log.ts';
import type { RefusalRows } from '../../http/request/refusal/refusal-rows.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { ConnectOutcome } from '../../transport/connector.ts';
import type { Admission } from '../admission/admission.ts';

interface Listeners {
  readonly metrics: Pick<Metrics, 'tried'>;
  readonly logRefusal: RefusalLog;
  readonly refusals?: Pick<RefusalRows, 'add'> | undefined;
}

interface Tried {
  /** The admission at the target that answered, or whose answer the client gets. */
  readonly admission: Admission;
  readonly outcome: ConnectOutcome['kind'];
  readonly source: Pick<RefusalFacts, 'requestId' | 'address'>;
}

/** The one whose refusal the client gets has its line and its row as any refusal has. */
export function tellTries({ admission, outcome, source }: Tried, { metrics, logRefusal, refusals }: Listeners): void {
  const { targets, target, sessionId, key, promptClass, dataClass, isRehearsal, provider } = admission;
  if (targets === undefined || target === undefined) return;
  const { name: alias, tries } = targets;
  if (outcome === 'open') metrics.tried({ alias, provider: provider.name, outcome });
  const answered =
    outcome === 'open' ? undefined : tries.findLast((one) => one.target === `${target.provider}/${target.model}`);
  for (const one of tries) {
    const [account = '', ...model] = one.target.split('/');
    metrics.tried({ alias, provider: account, outcome: one.outcome });
    if (one === answered) continue;
    const [code = '', status = '0'] = one.outcome.split(' ');
    const facts = {
      ...source,
      key: key?.id,
      provider: account,
      model: model.join('/'),
      class: promptClass,
      id: sessionId,
    };
    logRefusal({ ...facts, code, status: Number(status) }, 'a target failed: the next one is taken');
    refusals?.add({
      ...{
        kind: 'realtime',
        path: 'direct',
        outcome: code,
        why: `${one.target}: ${one.outcome}`,
        gateway: account,
        asked: alias,
      },
      ...{
        target: one.target,
        key: key?.id,
        team: key?.team,
        endUser: key?.endUser,
        tags: key?.tags,
      },
      ...{ promptClass, dataClass, isRehearsal },
    });
  }
}
