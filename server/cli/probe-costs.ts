// Tells how often each account is probed, and what that costs at most, for `config check`.

import { basesOf } from '../../adapters/realtime/index.ts';
import type { Config } from '../config/config.ts';
import { probePathOf } from '../config/providers/dial-paths.ts';
import { providerTable } from '../config/providers/table.ts';
import { pricesOf } from '../side/billing/prices.ts';

const DAY_MS = 86_400_000;

/** Words for each account that is probed. */
export function probeCosts(config: Config): readonly string[] {
  return Object.entries(config.providers).flatMap(([name, account]) => {
    const provider = providerTable(config).accounts.get(name);
    const dialled = provider && account?.probe && probePathOf(provider, account).dialled;
    if (!dialled || !account?.probe) return [];
    const { everyMs, timeoutMs } = account.probe;
    const count = Math.ceil(DAY_MS / everyMs);
    const times = `${name}: ${count} ${count === 1 ? 'handshake' : 'handshakes'} a day`;
    const { endpoint, handshake } = dialled;
    if (!basesOf(provider, endpoint).includes('connected-time')) return [`${times}, which ask for nothing`];
    const [first] = [endpoint.resources(handshake)].flat();
    const model = first === undefined || first === 'unknown' ? '' : first.name;
    const usage = { seconds: (count * timeoutMs) / 1000 };
    const cost = pricesOf(config).estimateSum(model, name, usage);
    const money = cost === undefined ? 'without a known price' : `${(cost / 1e6).toFixed(2)} USD a day at most`;
    return [`${times}, each connected for ${timeoutMs / 1000} s at most: ${money}`];
  });
}
