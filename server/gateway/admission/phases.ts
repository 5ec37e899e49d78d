// Composes the phases of admission. Knowledge grows from phase to phase, also in its type; the first Refusal ends it.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { isRefusal } from '../../http/request/refusals.ts';

interface Phases<Start extends object, Known> {
  run(start: Start): Known | Refusal;
  /** Appends a phase, which refuses, finds something out, or lets pass. */
  add<Found extends object>(phase: (known: Known) => Found | Refusal | undefined): Phases<Start, Known & Found>;
}

type Phase = (known: never) => object | undefined;

/** Begins an empty list. */
export function startPhases<Start extends object>(): Phases<Start, Start> {
  return phasesOf([]);
}

function phasesOf<Start extends object, Known extends object>(phases: readonly Phase[]): Phases<Start, Known> {
  return {
    run(start) {
      const known = { ...start };
      for (const phase of phases) {
        const found = phase(known as never);
        if (isRefusal(found)) return found;
        Object.assign(known, found);
      }
      return known as unknown as Known;
    },
    add: (phase) => phasesOf([...phases, phase as Phase]),
  };
}
