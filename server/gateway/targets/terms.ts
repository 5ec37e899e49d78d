// Keeps sessions to the terms of their class and their data: where they may be served, and by whom what they say may be heard. A rehearsal hears nobody.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { Admission } from '../admission/admission.ts';

type Served = Pick<Admission, 'provider' | 'target' | 'promptClass' | 'dataClass' | 'policy'>;

/** Returns why the account, or this target of it, may not serve the session. */
export function checkTerms({ provider, target, promptClass, dataClass, policy }: Served): Refusal | undefined {
  const { providers, classes } = policy.config;
  const account = providers[provider.name];
  if (account === undefined) return undefined;
  const { residency = account.residency, dataClasses = account.dataClasses } = target ?? {};
  const wanted = classes[promptClass]?.residency;
  if (wanted !== undefined && wanted !== residency)
    return refused(
      `the class ${promptClass} wants residency ${wanted}, and ${provider.name} has ${residency ?? 'none that is stated'}`,
    );
  return dataClasses?.includes(dataClass) === false
    ? refused(`${provider.name} has no ${dataClass} sessions, but ${dataClasses.join(', ')} ones`)
    : undefined;
}

const refused = (message: string): Refusal => ({ status: 403, code: 'policy_refused', message });
