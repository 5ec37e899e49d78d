// The parts that a rehearsal replaces: providers that have a simulator and are not configured, and the LLM gateway with its tasks.

import { SIMULATED_PROVIDERS } from '../../adapters/simulators/simulated-providers.ts';
import { type SideConfig, sideShape, taskSchema } from './side-schema.ts';

/** Name of the rehearsal's LLM gateway and of its class. A configuration may use it for neither. */
export const REHEARSAL_NAME = 'rehearsal';

const KINDS = [
  { kind: 'summary' },
  { kind: 'title' },
  { kind: 'classification', labels: ['question', 'request', 'complaint', 'small-talk'] },
  { kind: 'sentiment-and-outcome' },
  { kind: 'quality' },
];

/** The tasks of a rehearsal where nothing is configured. */
export const rehearsalTasks: SideConfig['tasks'] = KINDS.map((kind) =>
  taskSchema.parse({ ...kind, class: REHEARSAL_NAME }),
);
export const rehearsalClass = sideShape.classes.parse({
  [REHEARSAL_NAME]: { targets: [{ gateway: REHEARSAL_NAME, model: 'rehearsal' }], unknownPrice: 'allow' },
})[REHEARSAL_NAME] as SideConfig['classes'][string];

interface RehearsalRequest {
  /** The key `rehearsal` of the file: wanted or not; undefined when it is not given. */
  readonly isWanted: boolean | undefined;
  readonly known: readonly string[];
  readonly configured: readonly string[];
  /** True when there are no keys, so that only loopback peers are served. */
  readonly isOpen: boolean;
}

/** The providers to rehearse. Without being asked for, there are some only in open mode with no provider configured. */
export function rehearsedProviders({ isWanted, known, configured, isOpen }: RehearsalRequest): readonly string[] {
  const isDefault = isOpen && configured.length === 0;
  if (!(isWanted ?? isDefault)) return [];
  const simulated: readonly string[] = SIMULATED_PROVIDERS;
  return known.filter((name) => simulated.includes(name) && !configured.includes(name));
}
