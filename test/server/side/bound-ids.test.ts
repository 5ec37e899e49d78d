// Ids that a provider hands out are bound to their keys by what is stored: across the processes of a machine, after a kill, and across machines.

import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  eventOf,
  GEMINI,
  type IdProvider,
  keys,
  nextEvent,
  open,
  respond,
  resumable,
  startIdProvider,
} from '../../support/id-provider.ts';
import { closed } from '../../support/inbox.ts';
import { postgresForTests } from '../../support/postgres.ts';
import { killAll } from '../../support/processes.ts';
import { type Served, serve } from '../../support/served.ts';
import { fillDisk, onSmallDisk, smallDiskObjection } from '../../support/small-disk.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

let provider: IdProvider;
beforeAll(async () => {
  provider = await startIdProvider();
});
afterAll(() => provider.close());

/** Ids of `ann` pass on each of the machines at once, and `bob` is refused there. */
async function expectBound(from: Served, to: Served): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const number = await respond(await open(from, 'ann'));
    const [ann, bob] = await Promise.all([open(to, 'ann'), open(to, 'bob')]);
    const frame = JSON.stringify({ type: 'response.create', previous_response_id: `resp_${number}` });
    for (const client of [ann, bob]) client.send(frame);
    await eventOf(ann, 'response.completed');
    expect((await nextEvent(bob)).error).toMatchObject({ code: 'previous_response_not_found' });
    for (const client of [ann, bob]) client.close();
  }
}

test('ids are bound across the processes of a machine, and after it was killed', async () => {
  const account = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true };
  // The keys share the account of the rehearsal, too.
  const config = { providers: { openai: account }, keys, processes: 2, rehearsal: true };
  const before = await serve(config);
  await expectBound(before, before);
  const sessionResumption = { handle: await resumable(before, 'ann') };
  const setup = JSON.stringify({ setup: { model: 'models/gemini-3.8-live', sessionResumption } });
  const [owner, other] = [await open(before, 'ann', GEMINI), await open(before, 'bob', GEMINI)];
  for (const client of [owner, other]) client.send(setup);
  expect(await nextEvent(owner)).toHaveProperty('setupComplete');
  expect(await closed(other)).toMatchObject({ code: 1008, reason: expect.stringContaining('handle') });
  const number = await respond(await open(before, 'ann'));
  await until(async () => (await before.metric('trunkline_outbox_items')) === 0);
  killAll(before.child);
  await before.exited;
  const after = await serve(config, before.data);
  onTestFinished(() => after.stop());
  const ann = await open(after, 'ann');
  ann.send(JSON.stringify({ type: 'response.create', previous_response_id: `resp_${number}` }));
  await eventOf(ann, 'response.completed');
  ann.close();
});

const noSmallDisk = smallDiskObjection();
test.skipIf(noSmallDisk !== undefined)(
  'while the store reads and cannot write, nobody says that an id was not handed out',
  async () => {
    const data = temporaryFolder('small-disk');
    const config = { provider: provider.url, keys, rehearsal: false, within: onSmallDisk(data) };
    const served = await serve(config, data);
    onTestFinished(() => killAll(served.child));
    const client = await open(served, 'ann');
    const ask = async (id: string) => {
      client.send(JSON.stringify({ type: 'response.create', previous_response_id: id }));
      return ((await nextEvent(client)) as { error: { code: string } }).error.code;
    };
    const number = await respond(await open(served, 'bob'));
    const free = fillDisk(served.run.pid, data);
    // The database may have room in its pages.
    while ((await served.metric('trunkline_store_up')) === 1) await respond(await open(served, 'bob'));
    expect(await ask('resp_elsewhere')).toBe('side_unavailable');
    expect(await ask(`resp_${number}`)).toBe('previous_response_not_found');
    free();
    await until(async () => (await ask('resp_elsewhere')) === 'previous_response_not_found');
  },
);

const postgres = await postgresForTests();
test.skipIf(postgres === undefined)('ids are bound across machines that share a store', async () => {
  const store = { url: await postgres?.database() };
  const config = { provider: provider.url, keys, rehearsal: false, store };
  const machines = await Promise.all([serve(config), serve(config)]);
  onTestFinished(async () => void (await Promise.all(machines.map((machine) => machine.stop()))));
  const [first, second] = machines as [Served, Served];
  await expectBound(first, second);
  await expectBound(second, first);
});
