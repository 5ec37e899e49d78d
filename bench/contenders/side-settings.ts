// Configuration of the side path of trunkline in the benchmarks: a class with a target, a ceiling, a budget and a price, so that
// policy, budget and ledger are never left out of what is measured.

export const SIDE_CLASS = 'commodity';
/** A kind of side task whose result is what the mock LLM says. One attempt each, so that failures do not pile up. */
export const SIDE_TASK = 'bench';

export const sideSettings = (llmPort: number) => ({
  gateways: { mock: gatewayAt(llmPort) },
  classes: { [SIDE_CLASS]: { targets: [{ gateway: 'mock', model: 'bench' }], maxUsdPerCall: 0.05, maxTokens: 64 } },
  prices: { bench: { input: 1, output: 2 } },
  budgets: [{ class: SIDE_CLASS, window: 'day', maxUsd: 100_000 }],
  tasks: [
    {
      kind: SIDE_TASK,
      class: SIDE_CLASS,
      when: 'demand',
      prompt: 'Say what was said, in one sentence.',
      schema: { type: 'object', properties: { said: { type: 'string' } }, required: ['said'] },
      maxAttempts: 1,
    },
  ],
});

export const gatewayAt = (llmPort: number, path: 'direct' | 'routed' = 'direct') => ({
  profile: 'openai-compatible',
  path,
  baseUrl: `http://127.0.0.1:${llmPort}/v1`,
  apiKey: 'bench',
  allowPrivate: true,
});
