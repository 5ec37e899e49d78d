// Adds up the usage that a provider reports over a session, also by model: each reply may come from another one, and each has its price.

import type { Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { SessionUsage } from '../../ipc/session-record.ts';

/** Usage of further models is kept together, as that of a model without a price. */
const KEPT_MODELS = 16;
export const OTHER_MODELS = 'other';

export class UsageTotals {
  readonly #byModel = new Map<string | undefined, Usage>();
  #usage: Usage = {};
  #cumulativeOf: string | undefined;

  add(report: Usage, model: string | undefined): void {
    this.#usage = addUsage(this.#usage, report);
    const name = this.#byModel.has(model) || this.#byModel.size < KEPT_MODELS ? model : OTHER_MODELS;
    // A cumulative report is the whole of what one model took, also when the session has got another one since.
    const holder = report.cumulative ? (this.#cumulativeOf ?? name) : name;
    if (report.cumulative) this.#cumulativeOf = holder;
    this.#byModel.set(holder, addUsage(this.#byModel.get(holder) ?? {}, report));
  }

  /** `serving`: the model that the usage is taken to be of, where nothing else is said. */
  sum(serving: string | undefined): Omit<SessionUsage, 'model'> {
    const [only] = this.#byModel.keys();
    if (this.#byModel.size < 2 && (only === undefined || only === serving)) return { usage: this.#usage };
    return { usage: this.#usage, usageByModel: [...this.#byModel].map(([model, usage]) => ({ model, usage })) };
  }
}

/** Adds the usage of a session's part to that of the part before. */
export function usageBehind(before: SessionUsage, own: SessionUsage): SessionUsage {
  const uses = [before, own].flatMap(({ model, usage, usageByModel = [{ model, usage }] }) => usageByModel);
  const byModel = new Map<string | undefined, Usage>();
  for (const { model, usage } of uses)
    if (Object.keys(usage).length > 0) byModel.set(model, addUsage(byModel.get(model) ?? {}, asPart(usage)));
  return {
    model: own.model ?? before.model,
    usage: addUsage(before.usage, asPart(own.usage)),
    ...(byModel.size > 1 && { usageByModel: [...byModel].map(([model, usage]) => ({ model, usage })) }),
    ...((before.isBeyondBound ?? own.isBeyondBound) && { isBeyondBound: true as const }),
  };
}

/** A sum that is cumulative is so in its part alone. */
const asPart = ({ cumulative: _, ...usage }: Usage): Usage => usage;

/** Reports add up field by field; a cumulative report replaces the fields that it has. */
function addUsage(sum: Usage, report: Usage): Usage {
  if (report.cumulative) return { ...sum, ...report };
  const total: Record<string, number | boolean> = { ...sum };
  for (const [field, amount] of Object.entries(report)) {
    if (typeof amount === 'number') total[field] = Number(total[field] ?? 0) + amount;
  }
  return total;
}
