// Budgets that teams and keys have themselves, beside those of `budgets`. Rule: they are one kind. One of a key is a budget with `key`, one of a
// team is a budget with `team`, wherever it is written.

import type { Config, Key } from '../../../config/config.ts';
import type { BudgetConfig } from '../../../config/side-schema.ts';
import type { StoredKey } from '../../../ipc/stored-keys.ts';
import type { Store } from '../../store/contract/store.ts';

type WithBudgets = Pick<Key, 'id' | 'budgets'>;

/** The budgets that a key has itself. */
export const budgetsOfKey = (key: WithBudgets | undefined): readonly BudgetConfig[] =>
  key?.budgets?.map((budget) => ({ ...budget, key: key.id })) ?? [];

/** The budgets that a team has itself. One that is not configured is a label, and has none. */
function budgetsOfTeam(team: string | undefined, teams: Config['teams']): readonly BudgetConfig[] {
  const bounds = team !== undefined && Object.hasOwn(teams, team) ? teams[team] : undefined;
  return bounds?.budgets?.map((budget) => ({ ...budget, team })) ?? [];
}

/** The budgets that may count what a key spends: those of `budgets`, those of its team, and its own. */
export const budgetsAround = (
  key: (WithBudgets & Pick<Key, 'team'>) | undefined,
  { budgets, teams }: Pick<Config, 'budgets' | 'teams'>,
): readonly BudgetConfig[] => [...budgets, ...budgetsOfTeam(key?.team, teams), ...budgetsOfKey(key)];

/** A budget, and the path of the setting that it is. */
export interface WrittenBudget {
  readonly path: string;
  readonly budget: BudgetConfig;
}

/** All budgets of a configuration. */
export function writtenBudgets({ budgets, teams, keys }: Pick<Config, 'budgets' | 'teams' | 'keys'>): WrittenBudget[] {
  const at = (owner: string, all: readonly BudgetConfig[]) =>
    all.map((budget, index) => ({ path: `${owner}budgets[${index}]`, budget }));
  return [
    ...at('', budgets),
    ...Object.keys(teams).flatMap((team) => at(`teams.${team}.`, budgetsOfTeam(team, teams))),
    ...keys.flatMap((key, index) => at(`keys[${index}].`, budgetsOfKey(key))),
  ];
}

interface OwnBudgetsOptions {
  readonly store: Pick<Store, 'key'>;
  readonly config: Pick<Config, 'keys' | 'teams' | 'access'>;
}

/** The key of a row, and its team. */
interface Owner {
  readonly key: string | undefined;
  readonly team?: string | undefined;
}

/** Time for which the budgets of a stored key are believed where nobody tells of a change. */
const BELIEVED_MS = 5000;
const MAX_REMEMBERED = 10_000;

interface Remembered {
  readonly budgets: readonly BudgetConfig[];
  /** Version of the key that had them: see `StoredKey`. */
  readonly version: number;
  readonly at: number;
}

/** The budgets of teams and keys by the names that calls and sessions know them by. */
export class OwnBudgets {
  readonly #options: OwnBudgetsOptions;
  readonly #remembered = new Map<string, Remembered>();

  constructor(options: OwnBudgetsOptions) {
    this.#options = options;
  }

  /** Those of a key that is over, too: its calls and sessions may go on. Rejects with a StoreError. */
  async of({ key, team }: Owner): Promise<readonly BudgetConfig[]> {
    const { config } = this.#options;
    if (key === undefined || config.access === 'open') return [];
    return [...budgetsOfTeam(team, config.teams), ...(await this.#ofKey(key))];
  }

  async #ofKey(id: string): Promise<readonly BudgetConfig[]> {
    const { store, config } = this.#options;
    const ofFile = config.keys.find((key) => key.id === id);
    if (ofFile !== undefined) return budgetsOfKey(ofFile);
    const known = this.#remembered.get(id);
    if (known !== undefined && performance.now() - known.at < BELIEVED_MS) return known.budgets;
    return this.#remember(id, await store.key({ id }));
  }

  /** Takes changes of stored keys: what one may spend from now on must not be refused by what it might before. */
  changed(changes: readonly StoredKey[]): void {
    for (const change of changes) this.#remember(change.key.id, change);
  }

  /** Returns the newest that is known, which an answer of the store may be older than. */
  #remember(id: string, found: StoredKey | undefined): readonly BudgetConfig[] {
    const { version = 0, key } = found ?? {};
    const before = this.#remembered.get(id);
    const isNewer = before === undefined || version >= before.version || found === undefined;
    const { budgets, version: newest } = isNewer ? { budgets: budgetsOfKey(key), version } : before;
    this.#remembered.delete(id);
    this.#remembered.set(id, { budgets, version: newest, at: performance.now() });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return budgets;
  }
}
