// Keeps the lease of this instance in the store, and ends the sessions of instances whose lease ran out.

import type { Logger } from 'pino';
import type { StoredSession } from '../../ipc/stored-rows.ts';
import { faultOf } from '../../platform/log.ts';
import type { Store } from './contract/store.ts';

interface InstanceLeaseOptions {
  readonly store: Pick<Store, 'renewLease' | 'recoverSessions' | 'releaseLease'>;
  readonly owner: string;
  /** Silence after which the sessions of an instance are ended. */
  readonly leaseMs: number;
  /** True where no other instance has the store as this one begins: all others are gone. */
  readonly isAlone?: boolean;
  readonly log: Logger;
  /** Called with sessions that were ended as `recovered`; their tasks are released. */
  readonly onRecovered: (sessions: readonly StoredSession[]) => Promise<void>;
}

export interface InstanceLease {
  /** Gives the lease back: this instance holds no session any more. */
  release(): Promise<void>;
  /** Lets the lease run out. */
  stop(): void;
}

/** Resolves when the lease is held and the sessions of earlier instances are ended. The lease is renewed three times in its length. */
export async function holdInstanceLease({
  store,
  owner,
  leaseMs,
  isAlone = false,
  log,
  onRecovered,
}: InstanceLeaseOptions): Promise<InstanceLease> {
  async function renew(hasOthers = true): Promise<void> {
    await store.renewLease(owner, Date.now() + leaseMs);
    const sessions = await store.recoverSessions(owner, Date.now(), !hasOthers);
    if (sessions.length === 0) return;
    log.warn({ sessions: sessions.length }, 'sessions of a lost instance ended');
    await onRecovered(sessions);
  }

  let isRenewing = false;
  async function renewAgain(): Promise<void> {
    if (isRenewing) return;
    isRenewing = true;
    await renew().catch((error: unknown) => log.error(faultOf(error), 'lease not renewed'));
    isRenewing = false;
  }

  await renew(!isAlone);
  const timer = setInterval(() => void renewAgain(), Math.max(1, Math.floor(leaseMs / 3)));
  const stop = (): void => clearInterval(timer);
  return {
    stop,
    async release() {
      stop();
      await store.releaseLease(owner);
    },
  };
}
