// Says in the store that this instance lives, and ends the sessions of those that no longer do.

import type { Logger } from 'pino';
import type { StoredSession } from '../../ipc/records.ts';
import { faultOf } from '../../platform/log.ts';
import type { Store } from './contract.ts';

export interface InstanceLeaseOptions {
  readonly store: Pick<Store, 'renewLease' | 'recoverSessions' | 'releaseLease'>;
  readonly owner: string;
  /** Sessions of an instance that was silent for longer are ended. */
  readonly leaseMs: number;
  readonly log: Logger;
  /** These sessions were ended as `recovered`, their tasks released. */
  readonly onRecovered: (sessions: readonly StoredSession[]) => Promise<void>;
}

export interface InstanceLease {
  /** This instance holds no session any more. */
  release(): Promise<void>;
  /** Lets the lease run out by itself. */
  stop(): void;
}

/** Resolves when the lease is held and the sessions of earlier instances are ended. Renewed three times as often as it must be. */
export async function holdInstanceLease({
  store,
  owner,
  leaseMs,
  log,
  onRecovered,
}: InstanceLeaseOptions): Promise<InstanceLease> {
  async function renew(): Promise<void> {
    await store.renewLease(owner, Date.now() + leaseMs);
    const sessions = await store.recoverSessions(owner, Date.now());
    if (sessions.length === 0) return;
    log.warn({ sessions: sessions.length }, 'sessions of a lost instance ended');
    await onRecovered(sessions);
  }

  let isRenewing = false;
  async function again(): Promise<void> {
    if (isRenewing) return;
    isRenewing = true;
    await renew().catch((error: unknown) => log.error(faultOf(error), 'lease not renewed'));
    isRenewing = false;
  }

  await renew();
  const timer = setInterval(() => void again(), Math.max(1, Math.floor(leaseMs / 3)));
  const stop = (): void => clearInterval(timer);
  return {
    stop,
    async release() {
      stop();
      await store.releaseLease(owner);
    },
  };
}
