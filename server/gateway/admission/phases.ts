// Composes the phases of admission. Knowledge grows from phase to phase, also in its type; the first Refusal ends it.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { isRefusal } from './refusals.ts';

interface Phases<Start, Known> {
  run(start: Start): Known | Refusal;
  /** Appends a phase, which refuses, finds something out, or lets pass. */
  add<Found extends object>(phase: (known: Known) => Found | Refusal | undefined): Phases<Start, Known & Found>;
}

/** Begins an empty list. */
export function startPhases<Start extends object>(): Phases<Start, Start> {
  return phasesOf((start) => start);
}

function phasesOf<Start, Known extends object>(run: (start: Start) => Known | Refusal): Phases<Start, Known> {
  return {
    run,
    add: <Found extends object>(phase: (known: Known) => Found | Refusal | undefined) =>
      phasesOf((start: Start): (Known & Found) | Refusal => {
        const known = run(start);
        if (isRefusal(known)) return known;
        const found = phase(known);
        return isRefusal(found) ? found : { ...known, ...(found as Found) };
      }),
  };
}
