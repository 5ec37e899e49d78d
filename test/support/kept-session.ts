// Reads the newest session of a key, as a served gateway has kept it.

import type { ServedGateway } from './sdk.ts';
import { until } from './until.ts';

interface KeptSession {
  readonly provider: string;
  readonly dialect: string;
  readonly model: string;
  readonly turns: readonly { readonly user: string; readonly assistant: string }[];
  readonly ledger: readonly { readonly usage: Record<string, number>; readonly costMicroUsd: number | null }[];
}

/** Waits until the newest session is one of this dialect, and of this model where one is given, has ended, and its bill is made. */
export async function keptSession(
  { http }: ServedGateway,
  key: string,
  dialect: string,
  model?: string,
): Promise<KeptSession> {
  const read = async (path: string) =>
    (await fetch(`${http}/v1/sessions${path}`, { headers: { authorization: `Bearer ${key}` } })).json();
  let kept: (KeptSession & { readonly state: string; readonly ledger: { outcome: string }[] }) | undefined;
  await until(async () => {
    const { sessions } = await read('?limit=1');
    kept = sessions?.[0] && (await read(`/${sessions[0].id}`));
    if (kept?.dialect !== dialect || (model ?? kept.model) !== kept.model) return false;
    return kept.state === 'closed' && kept.ledger?.[0]?.outcome === 'ok';
  });
  return kept as KeptSession;
}
