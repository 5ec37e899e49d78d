// Tests a whole gateway whose disk is full for a while: calls go on, and everything is stored in the end.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, refusedUpgrade } from '../../support/gateway.ts';
import { childrenOf, killAll } from '../../support/processes.ts';
import type { FakeProvider } from '../../support/provider.ts';
import { type Served, serve } from '../../support/served.ts';
import { fillDisk, onSmallDisk, smallDiskObjection } from '../../support/small-disk.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { startTurnProvider, talk, turn } from '../../support/turn-provider.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const OUTBOX_ITEMS = 30;

const why = smallDiskObjection();

let provider: FakeProvider;
let gateway: Served | undefined;
beforeAll(async () => {
  provider = await startTurnProvider();
});
afterAll(async () => {
  if (gateway?.child.exitCode === null && gateway.child.signalCode === null) killAll(gateway.child);
  await provider.close();
});

// biome-ignore lint/suspicious/noExplicitAny: the body of an answer
async function see(served: Served, id: string): Promise<any> {
  return (await fetch(`${served.url.replace('ws', 'http')}/v1/sessions/${id}`)).json();
}

test.skipIf(why !== undefined)(
  'calls outlive a full disk, and what they said is stored once there is space',
  async () => {
    const data = temporaryFolder('small-disk');
    const side = { outboxItems: OUTBOX_ITEMS, pollMs: 50 };
    const served = await serve(
      { provider: provider.url, within: onSmallDisk(data), transcripts: 'P30D', tasks: [], side },
      data,
    );
    gateway = served;
    const processes = childrenOf(served.run.pid, '');
    const open = new Map<string, WebSocket>();
    const openOne = async (): Promise<string> => {
      const id = `00000000-0000-4000-8000-${String(open.size).padStart(12, '0')}`;
      open.set(id, await openClient(`${served.url}${REALTIME}&trunkline-session=${id}`));
      return id;
    };
    const turns = new Map<string, string[]>();
    const say = async (id: string): Promise<void> => {
      const said = turns.get(id) ?? [];
      turns.set(id, said);
      said.push(`words ${said.length}${' and so on'.repeat(200)}`);
      await turn(open.get(id) as WebSocket, said.at(-1) as string);
    };
    const waiting = () => served.metric('trunkline_outbox_items');

    const first = await openOne();
    await say(first);
    await until(async () => (await see(served, first)).turns?.length === 1);
    const free = fillDisk(served.run.pid, data);

    // The database may have room in its pages: writes go on until it takes no more.
    while ((await waiting()) < OUTBOX_ITEMS / 3) await say(first);
    const second = await openOne();
    await say(second);
    while ((await waiting()) < OUTBOX_ITEMS) await say(second);
    const refused = await refusedUpgrade(served.url + REALTIME);
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([503, 'side_unavailable']);
    for (const client of open.values()) await talk(client, 50);
    await say(first);
    open.get(second)?.close();
    expect(await served.metric('trunkline_store_up')).toBe(0);

    free();
    await until(async () => (await waiting()) === 0);
    const third = await openOne();
    await say(third);
    for (const client of open.values()) client.close();
    for (const [id, said] of turns) {
      const stored = await until(async () => {
        const session = await see(served, id);
        return session.reason === 'client-closed' && session.turns.length >= said.length && session;
      });
      expect(stored.turns.map(({ number, user }: Record<string, unknown>) => [number, user])).toEqual(
        said.map((words, index) => [index + 1, `asked ${words}`]),
      );
      expect(stored.ledger).toMatchObject([{ kind: 'realtime', usage: { totalTokens: 10 * said.length } }]);
    }
    expect(await served.metric('trunkline_outbox_lost_total')).toBe(0);
    expect(childrenOf(served.run.pid, '')).toEqual(processes);
    await until(async () => (await served.metric('trunkline_store_up')) === 1);
    await served.stop();
    const told = served.lines().filter(({ msg, level }) => /store/.test(String(msg)) && Number(level) >= 30);
    expect(told.map(({ msg }) => msg)).toEqual([
      'the store fails: it is asked again, and sessions go on',
      'the store works again',
    ]);
  },
);
