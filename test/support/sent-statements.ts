// Keeps what this process sends to its databases, where the drivers send it: statements and commits of node:sqlite and of pg.

import { StatementSync } from 'node:sqlite';
import pg from 'pg';

/** One statement in a transaction of its own is a statement and a commit. On Postgres a `begin` goes with each commit. */
export interface Sent {
  readonly statements: readonly string[];
  readonly commits: number;
}

export interface SentStatements {
  /** Gives what the work has sent, when it is over. */
  during(work: () => Promise<unknown>): Promise<Sent>;
  stop(): void;
}

const CONTROL = /^(begin|commit|rollback|savepoint|release|pragma)/;

/** Drivers keep what they are until it is stopped. One at a time. */
export function watchStatements(): SentStatements {
  let sent: string[] = [];
  const { all, run } = StatementSync.prototype;
  const { query } = pg.Client.prototype;
  StatementSync.prototype.all = function (this: StatementSync, ...given: Parameters<typeof all>) {
    sent.push(this.sourceSQL);
    return all.apply(this, given);
  } as typeof all;
  StatementSync.prototype.run = function (this: StatementSync, ...given: Parameters<typeof run>) {
    sent.push(this.sourceSQL);
    return run.apply(this, given);
  } as typeof run;
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    if (typeof given[0] === 'string') sent.push(given[0]);
    return Reflect.apply(query, this, given);
  } as typeof query;
  return {
    async during(work) {
      sent = [];
      await work();
      return {
        statements: sent.filter((sql) => !CONTROL.test(sql)),
        commits: sent.filter((sql) => sql === 'commit').length,
      };
    },
    stop() {
      Object.assign(StatementSync.prototype, { all, run });
      pg.Client.prototype.query = query;
    },
  };
}
