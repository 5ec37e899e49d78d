// The parts that a rehearsal replaces: providers that have a simulator and are not configured, and the LLM gateway with its tasks.

import { SIMULATED_MODELS, SIMULATED_PROVIDERS } from '../../../adapters/simulators/simulated-providers.ts';
import { REHEARSAL_NAME } from '../file/words.ts';
import { type SideConfig, sideShape, taskSchema } from '../side-schema.ts';

const KINDS = [
  { kind: 'summary' },
  { kind: 'title' },
  { kind: 'classification', labels: ['question', 'request', 'complaint', 'small-talk'] },
  { kind: 'sentiment-and-outcome' },
  { kind: 'quality' },
];

/** The tasks of a rehearsal when none are configured. */
export const rehearsalTasks: SideConfig['tasks'] = KINDS.map((kind) =>
  taskSchema.parse({ ...kind, class: REHEARSAL_NAME }),
);
export const rehearsalClass = sideShape.classes.parse({
  [REHEARSAL_NAME]: { targets: [{ gateway: REHEARSAL_NAME, model: 'rehearsal' }], unknownPrice: 'allow' },
})[REHEARSAL_NAME] as SideConfig['classes'][string];

interface RehearsalRequest {
  /** The key `rehearsal` of the file; undefined when it is not given. */
  readonly isWanted: boolean | undefined;
  readonly configured: readonly string[];
  /** True in open mode, where only loopback peers are served. */
  readonly isOpen: boolean;
}

/** Lists the providers to rehearse. By default there are some only in open mode, while no provider is configured. */
export function rehearsedProviders({ isWanted, configured, isOpen }: RehearsalRequest): readonly string[] {
  const isDefault = isOpen && configured.length === 0;
  return (isWanted ?? isDefault) ? SIMULATED_PROVIDERS.filter((name) => !configured.includes(name)) : [];
}

/** Lists models that a rehearsal of these providers answers for, each with its provider. */
export function rehearsedModels(providers: readonly string[]): readonly { provider: string; model: string }[] {
  const rehearsed = SIMULATED_PROVIDERS.filter((name) => providers.includes(name));
  return rehearsed.flatMap((provider) => SIMULATED_MODELS[provider].map((model) => ({ provider, model })));
}
