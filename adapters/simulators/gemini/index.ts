// The rehearsed paths of Gemini, those of Vertex included, and its answer to the others. All versions of the API are one dialect.

import { gemini, vertex } from '../../realtime/gemini/adapter.ts';
import type { ProviderSimulators, SimulatorRoute } from '../contract.ts';
import { startScript } from '../script-runtime.ts';
import { LiveScript } from './live.ts';

export const geminiSimulators: ProviderSimulators = {
  routes: [...gemini.endpoints, ...vertex.endpoints].map(
    ({ path }): SimulatorRoute => ({
      path,
      refusal: () => undefined,
      start: (connection) => startScript((runtime) => new LiveScript(runtime, connection)),
    }),
  ),
  owns: (path) => /^\/(ws\/google\.|v1(alpha|beta)\/)/.test(path),
  notFound(path, served) {
    const message = `Unknown path ${path}. The rehearsal provider speaks ${served.join(', ')}.`;
    const error = { code: 404, message, status: 'NOT_FOUND' };
    return { status: 404, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }) };
  },
};
