// Writes what operators do to the supervisor into the audit log; the log has it where the store does not take it.

import type { Logger } from 'pino';
import { faultOf } from '../../platform/log.ts';
import { newId } from '../../platform/uuid-v7.ts';
import type { AuditEntry } from '../../side/store/contract/keys.ts';
import type { Reloaded } from '../reload/reload.ts';
import type { Restarted } from '../restart/restart.ts';

/** Names who gave the order. */
export type Orderer = Pick<AuditEntry, 'actor' | 'source'>;

interface AuditOptions {
  readonly log: Logger;
  /** Asks the process that owns the store; rejects where there is none. */
  ask(name: 'audit', entry: AuditEntry): Promise<unknown>;
}

export class Audit {
  readonly #options: AuditOptions;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** Settles as the reload does. */
  async reload(who: Orderer, reloaded: Promise<Reloaded>): Promise<Reloaded> {
    try {
      const { hash, changed } = await reloaded;
      const details = { hash, changed: changed.join(', ') };
      this.#write({ ...who, action: 'config.reloaded', subject: 'config', details });
    } catch {
      this.#write({ ...who, action: 'config.refused', subject: 'config' });
    }
    return reloaded;
  }

  /** Settles as the restart does. */
  async restart(who: Orderer, restarted: Promise<Restarted>): Promise<Restarted> {
    const { pid } = await restarted;
    this.#write({ ...who, action: 'gateway.restarted', subject: 'gateway', details: { pid: String(pid) } });
    return restarted;
  }

  #write(what: Omit<AuditEntry, 'id' | 'at'>): void {
    const { ask, log } = this.#options;
    const entry: AuditEntry = { id: newId(), at: Date.now(), ...what };
    void ask('audit', entry).catch((error: unknown) =>
      log.error({ ...entry, ...faultOf(error) }, 'audit entry not stored'),
    );
  }
}
