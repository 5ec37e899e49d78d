// Composes the phases of admission. Knowledge grows from phase to phase, also in its type; the first Refusal ends it.

import type { Refusal } from '../../../adapters/realtime/contract.ts';
import { isRefusal } from './refusals.ts';

export interface Phases<Start, Known> {
  run(start: Start): Known | Refusal;
  /** Appends a phase that only refuses. */
  check(phase: (known: Known) => Refusal | undefined): Phases<Start, Known>;
  /** Appends a phase that finds something out, or refuses. */
  find<Found extends object>(phase: (known: Known) => Found | Refusal): Phases<Start, Known & Found>;
}

/** Begins an empty list. */
export function startPhases<Start extends object>(): Phases<Start, Start> {
  return phasesOf((start) => start);
}

function phasesOf<Start, Known extends object>(run: (start: Start) => Known | Refusal): Phases<Start, Known> {
  const append = <More extends object>(phase: (known: Known) => More | Refusal) =>
    phasesOf((start: Start) => {
      const known = run(start);
      return isRefusal(known) ? known : phase(known);
    });
  return {
    run,
    check: (phase) => append((known) => phase(known) ?? known),
    find: (phase) =>
      append((known) => {
        const found = phase(known);
        return isRefusal(found) ? found : { ...known, ...found };
      }),
  };
}
