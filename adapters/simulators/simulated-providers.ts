// The names of the providers that have a simulator. The gateway reads them without loading the simulators.

export const SIMULATED_PROVIDERS = ['openai', 'gemini'] as const;

export type SimulatedProvider = (typeof SIMULATED_PROVIDERS)[number];
