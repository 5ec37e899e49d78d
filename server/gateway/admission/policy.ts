// The policy in force, by which sessions are admitted. Rule: it is made anew for each change, and what began under one is decided by it to its end.

import { requestPolicy } from '../../http/request/policy.ts';
import type { Ports } from '../../ipc/process-start.ts';
import type { AdmissionPolicy } from './admission.ts';
import { sharedAccounts } from './authorize.ts';

interface PolicySource
  extends Pick<
    AdmissionPolicy,
    'config' | 'keys' | 'secrets' | 'rehearsalUrl' | 'tokens' | 'breakers' | 'warnOfOldName'
  > {
  /** Those of the listeners; undefined until they are known. */
  readonly ports?: Ports;
}

export class LivePolicy {
  #source: PolicySource;
  #now: AdmissionPolicy;

  constructor(source: PolicySource) {
    this.#source = source;
    this.#now = policyOf(source);
  }

  get now(): AdmissionPolicy {
    return this.#now;
  }

  use(changed: Partial<PolicySource>): void {
    this.#source = { ...this.#source, ...changed };
    this.#now = policyOf(this.#source);
  }
}

function policyOf({ ports, rehearsalUrl, tokens, breakers, ...source }: PolicySource): AdmissionPolicy {
  const { config } = source;
  return { ...requestPolicy(source, ports), rehearsalUrl, tokens, breakers, shared: sharedAccounts(config) };
}
