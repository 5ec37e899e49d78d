// Composes the phases of admission. Knowledge grows from phase to phase, also in its type; the first Refusal ends it.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { isRefusal } from '../../http/request/refusals.ts';

/** Something that is here, or has to be asked for. */
type Soon<Result> = Result | Promise<Result>;

interface Phases<Start extends object, Known> {
  /** Answers at once unless a phase has to ask. */
  run(start: Start): Soon<Known | Refusal>;
  /** Appends a phase, which refuses, finds something out, or lets pass. */
  add<Found extends object>(phase: (known: Known) => Soon<Found | Refusal | undefined>): Phases<Start, Known & Found>;
}

type Phase = (known: never) => Soon<object | undefined>;

/** Begins an empty list. */
export function startPhases<Start extends object>(): Phases<Start, Start> {
  return phasesOf([]);
}

function phasesOf<Start extends object, Known extends object>(phases: readonly Phase[]): Phases<Start, Known> {
  return {
    run: (start) => runFrom(phases, 0, { ...start }) as Soon<Known | Refusal>,
    add: (phase) => phasesOf([...phases, phase as Phase]),
  };
}

function runFrom(phases: readonly Phase[], first: number, known: object): Soon<object> {
  for (let at = first; at < phases.length; at += 1) {
    const found = phases[at]?.(known as never);
    if (found instanceof Promise) return found.then((late) => take(late, known) ?? runFrom(phases, at + 1, known));
    const refusal = take(found, known);
    if (refusal !== undefined) return refusal;
  }
  return known;
}

/** Adds what was found; returns it where it is a refusal. */
function take(found: object | undefined, known: object): Refusal | undefined {
  if (isRefusal(found)) return found;
  Object.assign(known, found);
  return undefined;
}
