// The targets of a model that one session is opened with, in their turn: those that policy lets it have, the ill ones behind the others. Rule: all tries
// together have the time of one dial, and each of them an equal part of what is left.

import { performance } from 'node:perf_hooks';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { type ModelTarget, targetLabel } from '../../config/providers/models-schema.ts';
import { isRefusal } from '../../http/request/refusals.ts';
import { isTimeout, withDeadline } from '../../platform/deadline.ts';
import type { DialTry } from '../../session/subject.ts';
import { weightedOrder } from '../../side/llm/order/weighted.ts';
import type { Breakers } from './breakers.ts';

interface TargetsOptions<Admitted> {
  /** The name that the client asks for. */
  readonly name: string;
  readonly targets: readonly ModelTarget[];
  /** The one whose sessions stay with their target: an end user, else the session itself. */
  readonly drawnFor: string;
  readonly breakers: Pick<Breakers, 'blocked'>;
  /** Time of all tries together. */
  readonly dialMs: number;
  /** Returns what the session is at a target, or why it may not have it. */
  admit(target: ModelTarget): Admitted | Refusal | Promise<Admitted | Refusal>;
}

export class Targets<Admitted extends object> {
  readonly name: string;
  readonly #options: TargetsOptions<Admitted>;
  readonly #left: ModelTarget[];
  readonly #tries: DialTry[] = [];
  readonly #order: string;
  #spentMs = 0;
  /** Why the first of those may not be had that policy keeps back. */
  #refusal: Refusal | undefined;

  constructor(options: TargetsOptions<Admitted>) {
    const { name, targets, drawnFor } = options;
    this.name = name;
    this.#options = options;
    this.#left = [...weightedOrder(targets.map(labelled), drawnFor)];
    const [first] = this.#left;
    const sum = targets.reduce((total, { weight = 0 }) => total + weight, 0);
    this.#order = first?.weight === undefined ? `first of ${name}` : `drawn by weight: ${first.weight} of ${sum}`;
  }

  /** Those that failed, or were passed over since their breaker is open, in their order. */
  get tries(): readonly DialTry[] {
    return this.#tries;
  }

  /** Why the present target was taken, in words. */
  get why(): string {
    const failed = this.#tries.map(({ target, outcome }) => `${target} (${outcome})`);
    return failed.length === 0 ? this.#order : `${this.#order}, behind ${failed.join(', ')}`;
  }

  /** The time of the next try. */
  get shareMs(): number {
    const leftMs = this.#options.dialMs - this.#spentMs;
    return Math.max(1, Math.floor(leftMs / (this.#left.length + 1)));
  }

  /** Returns what the session is at the next target; a Refusal says why the last one cannot be had, where none is left. */
  async next(): Promise<Admitted | Refusal> {
    let refusal: Refusal | undefined;
    for (let target = this.#take(); target !== undefined; target = this.#take()) {
      const at = performance.now();
      const found = await this.#admitted(target);
      if (!isRefusal(found)) return found;
      refusal = found;
      if (found.code === 'provider_not_configured')
        this.failed(target, { at, outcome: found.code, ms: performance.now() - at });
      else this.#refusal ??= found;
    }
    return this.#refusal ?? refusal ?? noneLeft(this.name);
  }

  /** Takes a try that failed. */
  failed(target: Pick<ModelTarget, 'provider' | 'model'>, tried: Omit<DialTry, 'target'>): void {
    this.#spentMs += tried.ms;
    this.#tries.push({ target: targetLabel(target), ...tried });
  }

  /** Takes the first that is not ill; the first of all where every one is. */
  #take(): ModelTarget | undefined {
    const blocked = this.#left.map(({ provider }) => this.#options.breakers.blocked(provider));
    const at = blocked.indexOf(undefined);
    for (const [index, outcome] of blocked.slice(0, Math.max(at, 0)).entries()) this.#passedOver(index, outcome);
    return this.#left.splice(Math.max(at, 0), 1)[0];
  }

  #passedOver(index: number, outcome = 'breaker_open'): void {
    const target = this.#left[index];
    if (target === undefined || this.#tries.some((one) => one.target === targetLabel(target) && one.ms === 0)) return;
    this.#tries.push({ target: targetLabel(target), at: performance.now(), outcome, ms: 0 });
  }

  async #admitted(target: ModelTarget): Promise<Admitted | Refusal> {
    const admitted = this.#options.admit(target);
    if (!(admitted instanceof Promise)) return admitted;
    const ms = this.shareMs;
    return withDeadline(admitted, ms).catch((error: unknown) => {
      if (isTimeout(error)) return noCredential(target, ms);
      throw error;
    });
  }
}

const labelled = (target: ModelTarget) => ({ ...target, label: targetLabel(target) });

const noCredential = ({ provider }: ModelTarget, ms: number): Refusal => ({
  status: 503,
  code: 'provider_not_configured',
  message: `no credential for ${provider}: it did not come within ${ms} ms`,
  retryAfterS: 1,
});

const noneLeft = (name: string): Refusal => ({
  status: 503,
  code: 'provider_not_configured',
  message: `${name} has no target`,
});
