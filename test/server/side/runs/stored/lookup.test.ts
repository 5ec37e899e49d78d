// Tests how often the store is asked for what it does not have, whatever a client names: a run by its id, or by what its message was called.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../../../../../server/config/load.ts';
import { requesterOf } from '../../../../../server/ipc/side-request.ts';
import { readResponsesBody } from '../../../../../server/side/http/responses/body.ts';
import { RunHost } from '../../../../../server/side/runs/host.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { configFile } from '../../../../support/config-file.ts';
import { aResponse } from '../../../../support/side-records.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const UNKNOWN = `resp_${'0'.repeat(32)}`;
const requester = requesterOf(undefined);
let store: Store;
beforeEach(async () => {
  const dataDirectory = mkdtempSync(join(temporaryFolder('lookup'), 'data-'));
  store = await openStore({ url: 'sqlite', dataDirectory });
});
afterEach(() => store.close());

function hostOf(processes: number): RunHost {
  const config = loadConfig({ file: configFile({ side: { processes } }), env: {} });
  const rates = { take: () => undefined };
  const log = pino({ level: 'silent' });
  return new RunHost({ ...{ store, config, log, readBody: readResponsesBody, holder: 'h1' }, rates: rates as never });
}

const chatted = (id: string, at: number) =>
  aResponse(id, { key: undefined, chat: 'c1', createdAt: at, state: 'completed', endedAt: at, note: { sentAs: id } });

test.each([
  [1, 2],
  [2, 30],
])('with %i processes on a store of one machine, an unknown id costs %i reads at most', async (processes, most) => {
  const reads = vi.spyOn(store, 'response');
  expect(await hostOf(processes).find(UNKNOWN, requester, true)).toBe(undefined);
  expect(reads.mock.calls.length).toBeLessThanOrEqual(most);
});

test('an id that is none of those made here is looked for once', async () => {
  const reads = vi.spyOn(store, 'response');
  expect(await hostOf(2).find('resp_other', requester, true)).toBe(undefined);
  expect(reads).toHaveBeenCalledTimes(1);
});

test('a message that nobody has sent costs a look at each run of its chat, at notes alone', async () => {
  await store.writeResponses({ added: [1, 2, 3].map((at) => chatted(`r${at}`, at)) });
  const [texts, notes, rows] = [
    vi.spyOn(store, 'responseTexts'),
    vi.spyOn(store, 'responseNotes'),
    vi.spyOn(store, 'responsesOfChat'),
  ];
  const host = hostOf(2);
  expect(await host.findChat('c1', requester, { sentAs: 'none' })).toBe(undefined);
  expect(texts).not.toHaveBeenCalled();
  expect(notes.mock.calls.flatMap(([ids]) => ids).sort()).toEqual(['r1', 'r2', 'r3']);
  expect(rows.mock.calls.length).toBeLessThanOrEqual(12);
  expect((await host.findChat('c1', requester, { sentAs: 'r2' }))?.id).toBe('r2');
});

test('a message is found though its run comes to the store after the first look', async () => {
  await store.writeResponses({ added: [chatted('r1', 1)] });
  const looked = vi.spyOn(store, 'responseNotes');
  const found = hostOf(2).findChat('c1', requester, { sentAs: 'r2' });
  await vi.waitFor(() => expect(looked).toHaveBeenCalled(), { interval: 1, timeout: 20_000 });
  await store.writeResponses({ added: [chatted('r2', 2)] });
  expect((await found)?.id).toBe('r2');
});
