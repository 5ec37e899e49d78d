// Answers which path a call should take: one table of what the direct and the routed path each deliver in this configuration,
// all measured here.

import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchContext, RunningContender } from '../../bench.ts';
import { gatewayAt } from '../../contenders/side-settings.ts';
import { type MockLlm, startMockLlm } from '../../load/load-processes.ts';
import { ledgerBy } from '../side-hop/ledger.ts';
import { CLIENT_SECRET, measureDirect, startNative } from './direct.ts';
import { addedByCalls, addedByFrames, verdictRounds } from './latency.ts';
import { describeVerdict, type VerdictData } from './report.ts';
import { measureRouted } from './routed.ts';

/** The models that the mock of a router lists; the first two are targets. */
const ROUTER_MODELS = ['bench-small', 'bench-large', 'bench-other'];
const CONTRACT_MODELS = ['bench'];
const PACE = { thinkMs: 5, tokens: 4, gapMs: 2 };
const SETTLE_MS = 300;
export const routeVerdict: Bench = {
  name: 'route-verdict',
  description: 'what the direct and the routed path each deliver here, and which class should take which',
  needs: 'trunkline',
  seconds: (settings) => 9 + verdictRounds(settings) * 4.5,
  run: async (context) => describeVerdict(await measure(context)),
};

async function measure(context: BenchContext): Promise<VerdictData> {
  const router = context.own(await startMockLlm({ pace: PACE, models: ROUTER_MODELS }));
  const contract = context.own(await startMockLlm({ pace: PACE, models: CONTRACT_MODELS }));
  const native = await startNative(context);
  context.progress('route-verdict: starting', 0);
  const running = await context.start('trunkline', {
    providerPort: native.port,
    llmPort: contract.port,
    config: configFor({ router, contract }),
  });
  const own = withKey(running);
  context.progress('route-verdict: native sessions', 0.1);
  const measuredDirect = await measureDirect(own, native);
  context.progress('route-verdict: routed calls', 0.25);
  const routed = await measureRouted(own, { router, contract });
  // Rows are settled after the answer.
  await delay(SETTLE_MS);
  const ledger = await ledgerBy(running.admin, 'class,path,kind,outcome');
  const calls = await addedByCalls(context, contract, own);
  return { direct: measuredDirect, routed, calls, ledger, frames: await addedByFrames(context) };
}

const withKey = (running: RunningContender): RunningContender => {
  const headers = { authorization: `Bearer ${CLIENT_SECRET}` };
  return { ...running, headers, ...(running.chat && { chat: { ...running.chat, headers } }) };
};

/** Classes as a team would have them. `capped` has no budget left. */
function configFor({ router, contract }: { readonly router: MockLlm; readonly contract: MockLlm }) {
  const [small, large] = ROUTER_MODELS.map((model) => ({ gateway: 'router', model }));
  const own = { gateway: 'contract', model: 'bench' };
  return {
    keys: [{ id: 'bench', secret: CLIENT_SECRET, models: ['openai/bench'] }],
    gateways: { router: gatewayAt(router.port, 'routed'), contract: gatewayAt(contract.port, 'direct') },
    classes: {
      conversation: { targets: [own], path: 'direct', fallback: false },
      commodity: { targets: [small, large, own], maxUsdPerCall: 0.05 },
      contract: { targets: [own], path: 'direct', fallback: false, maxUsdPerCall: 0.05 },
      capped: { targets: [small] },
    },
    budgets: [
      { class: 'capped', window: 'day', maxUsd: 0 },
      { class: 'commodity', window: 'day', maxUsd: 1000 },
    ],
    prices: {
      'bench-small': { input: 0.2, output: 0.8 },
      'bench-large': { input: 1, output: 4 },
      bench: { input: 1, output: 2, audioInput: 32, audioOutput: 64 },
    },
    routes: { '/v1/realtime': { class: 'conversation' } },
    tasks: [],
  };
}
