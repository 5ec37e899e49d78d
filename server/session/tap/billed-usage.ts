// Counts what a session is billed by that its provider does not report, and puts both together.

import type { BillingBase } from '../../../adapters/realtime/contract/metering.ts';
import type { Observation, Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { SessionUsage } from '../../ipc/session-record.ts';
import type { SoundCount } from './sound-count.ts';

/** The part of a session's subject that says how it is billed. */
interface Billed {
  readonly billedBy: readonly BillingBase[];
  /** The model that was asked for. */
  readonly model: string | undefined;
}

/** Bases that are counted by sound, with the field of each. */
const soundFields = [
  ['audio-in', 'inputAudioSeconds', 'upstream'],
  ['audio-out', 'outputAudioSeconds', 'downstream'],
] as const;

/** Tells whether sound has to be counted. */
export const isBilledBySound = (billedBy: readonly BillingBase[]): boolean =>
  soundFields.some(([base]) => billedBy.includes(base));

const textBasesOf = (billedBy: readonly BillingBase[]) =>
  (['characters', 'messages'] as const).filter((base) => billedBy.includes(base));

/** Tells whether texts have to be counted. */
export const isBilledByTexts = (billedBy: readonly BillingBase[]): boolean => textBasesOf(billedBy).length > 0;

/** The count of characters and messages; undefined where none of them is billed, so that nobody reads them. */
export function newTextCount(billedBy: readonly BillingBase[]): TextCount | undefined {
  const bases = textBasesOf(billedBy);
  return bases.length === 0 ? undefined : new TextCount(bases);
}

export class TextCount {
  readonly usage: { characters?: number; messages?: number };
  readonly #bases: readonly ('characters' | 'messages')[];

  constructor(bases: readonly ('characters' | 'messages')[]) {
    this.#bases = bases;
    this.usage = Object.fromEntries(bases.map((base) => [base, 0]));
  }

  add(counts: Observation['counts']): void {
    if (counts === undefined) return;
    for (const base of this.#bases) this.usage[base] = (this.usage[base] ?? 0) + (counts[base] ?? 0);
  }
}

interface Counts {
  readonly texts: TextCount | undefined;
  readonly sound: SoundCount | undefined;
}

/**
 * Fills in the model of the handshake where neither the provider nor a frame named one, and all that the gateway counts itself. Reports beside that are
 * no part of a bill which is not made of them.
 */
export function usageOf(
  { billedBy, model: asked }: Billed,
  { model = asked, ...reported }: SessionUsage,
  counts: Counts,
  durationMs: number,
): SessionUsage {
  const counted = countedUsage(billedBy, counts, Math.round(durationMs) / 1000);
  if (!billedBy.includes('reported-usage')) return { usage: counted, model };
  const { usage, usageByModel } = reported;
  const own = Object.fromEntries(Object.entries(counted).filter(([field]) => !(field in usage)));
  if (Object.keys(own).length === 0) return { ...reported, model };
  return {
    ...reported,
    model,
    usage: { ...usage, ...own },
    ...(usageByModel && { usageByModel: [...usageByModel, { model, usage: own }] }),
  };
}

function countedUsage(billedBy: readonly BillingBase[], { texts, sound }: Counts, connectedSeconds: number): Usage {
  const seconds = (direction: 'upstream' | 'downstream') =>
    sound?.isUnknown(direction) ? connectedSeconds : Math.round((sound?.seconds(direction) ?? 0) * 1000) / 1000;
  const heard = soundFields.filter(([base]) => billedBy.includes(base));
  return {
    ...texts?.usage,
    ...(billedBy.includes('connected-time') && { seconds: connectedSeconds }),
    ...Object.fromEntries(heard.map(([, field, direction]) => [field, seconds(direction)])),
  };
}
