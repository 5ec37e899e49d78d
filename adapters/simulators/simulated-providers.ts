// The names of the providers that have a simulator, and of their models. The gateway reads them without loading the simulators.

export const SIMULATED_PROVIDERS = ['openai', 'gemini', 'deepgram'] as const;

export type SimulatedProvider = (typeof SIMULATED_PROVIDERS)[number];

/** Models that programs ask a provider for, in the dialects that are played. A simulator takes any other name, too. */
export const SIMULATED_MODELS: Readonly<Record<SimulatedProvider, readonly string[]>> = {
  openai: [
    ...['gpt-realtime-2.1', 'gpt-realtime-2.1-mini', 'gpt-realtime-2', 'gpt-live-1', 'gpt-realtime-translate'],
    ...['gpt-6-luna', 'gpt-6-sol', 'gpt-5.4-mini'],
  ],
  gemini: ['gemini-3.8-live', 'gemini-live-2.5-flash-preview'],
  // Nobody who asks for a list of models means these.
  deepgram: [],
};
