// A whole gateway for SDKs of apps, in front of a model that speaks every form of endpoints; for apps the name of the model is that of the form.
// Fields that are not known are refused: what an SDK sends by default goes on.

import { modelEndpoint } from './model-endpoint.ts';
import { serveGateway } from './sdk.ts';

/** Time that a busy machine may take to start it. */
export const APPS_START_MS = 180_000;

/** Names of models: behind the first is an endpoint that speaks Responses, behind the others the answer is translated. */
export const MODELS = ['responses', 'completions', 'messages', 'gemini'] as const;

/** Models of the targets: of those that are known to reason. */
const SERVED = {
  responses: 'gpt-5-mini',
  completions: 'some/model',
  messages: 'claude-sonnet-5',
  gemini: 'gemini-3-flash',
} as const;

export async function appsGateway() {
  const endpoint = await modelEndpoint();
  const classes = Object.fromEntries(
    MODELS.map((form) => [form, { targets: [{ gateway: form, model: SERVED[form] }], unknownFields: 'refuse' }]),
  );
  const gateway = await serveGateway({ gateways: endpoint.gateways, classes });
  return {
    baseURL: `${gateway.http}/v1`,
    seen: endpoint.seen,
    async close() {
      await gateway.close();
      await endpoint.close();
    },
  };
}
