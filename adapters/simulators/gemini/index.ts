// The rehearsed paths of Gemini, and its answer to the others. All versions of the API are one dialect.
import { gemini } from '../../realtime/gemini/adapter.ts';
import type { HttpReply } from '../../realtime/refusal.ts';
import type { ProviderSimulators, SimulatorRoute } from '../contract.ts';
import { startScript } from '../script-runtime.ts';
import { LiveScript } from './live.ts';

export const geminiSimulators: ProviderSimulators = {
  routes: gemini.endpoints.map(
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
    return reply(404, JSON.stringify({ error }));
  },
};

function reply(status: number, body: string): HttpReply {
  return { status, headers: { 'content-type': 'application/json' }, body };
}
