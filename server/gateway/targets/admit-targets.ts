// Finds the place of a session or a call: the account that serves it, or the targets in their turn where it asks for a name of `models`.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { Admission } from '../admission/admission.ts';
import { aliasOf } from './alias.ts';
import { Targets } from './targets.ts';

type Placeless = Pick<Admission, 'handshake' | 'candidates' | 'policy' | 'key' | 'secret' | 'sessionId'>;

interface Place<Known, Admitted> {
  run(
    known: Known & { readonly targets?: Targets<Admitted & object>; readonly target?: Admission['target'] },
  ): Admitted | Refusal | Promise<Admitted | Refusal>;
}

/** `place`: the phases that depend on the account. */
export function placedBy<Known extends Placeless, Admitted extends object>(
  known: Known,
  place: Place<Known, Admitted>,
): Admitted | Refusal | Promise<Admitted | Refusal> {
  const alias = aliasOf(known);
  if (alias === undefined) return place.run(known);
  const { policy, key, secret, sessionId } = known;
  const targets: Targets<Admitted> = new Targets({
    ...alias,
    drawnFor: secret?.settings.endUser ?? key?.endUser ?? sessionId,
    breakers: policy.breakers,
    dialMs: policy.config.limits.dialMs,
    admit: (target) => place.run({ ...known, target, targets }),
  });
  return targets.next();
}
