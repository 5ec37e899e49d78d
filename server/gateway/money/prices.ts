// The prices of sessions, in a gateway process. They are loaded when a limit of money applies for the first time: the list takes 10 MB, and
// 90 ms of the loop.

import type { Config } from '../../config/config.ts';
import type { Prices } from '../../side/billing/prices.ts';

/** The parts of a configuration that say what a session costs. */
type PriceConfig = Pick<Config, 'prices' | 'providers'>;

export class SessionPrices {
  #loading: Promise<(config: PriceConfig) => Prices> | undefined;
  #made: { readonly config: PriceConfig; readonly prices: Prices } | undefined;

  /** Loads them ahead of the first session where the configuration has a limit. */
  async prepare({ access, budgets, classes }: Pick<Config, 'access' | 'budgets' | 'classes'>): Promise<void> {
    const isLimited = budgets.length > 0 || Object.values(classes).some((one) => one.maxUsdPerSession !== undefined);
    // Keys may have limits of their own, also those that are made at run time.
    if (isLimited || access === 'keys') await this.#load();
  }

  /** Returns those of this configuration. */
  async of(config: PriceConfig): Promise<Prices> {
    const create = await this.#load();
    if (this.#made?.config !== config) this.#made = { config, prices: create(config) };
    return this.#made.prices;
  }

  #load(): Promise<(config: PriceConfig) => Prices> {
    this.#loading ??= import('../../side/billing/prices.ts').then(({ pricesOf }) => pricesOf);
    return this.#loading;
  }
}
