// Suite of exports: all rows once, beside a store that is in use, in formats that other programs read without surprises.

import { expect, test } from 'vitest';
import { openStore } from '../../../../../server/side/store/open.ts';
import { type ExportOptions, exportLines } from '../../../../../server/side/store/statements/export.ts';
import { anAttempt, anEnd, aSession, aSettled, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

async function linesOf(options: ExportOptions): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportLines(options)) lines.push(line);
  return lines;
}

export function exports({ place, open }: Stores): void {
  test('exports all rows since a time once and oldest first, while the store is in use', async () => {
    const where = await place();
    const store = await open(where);
    const ids = Array.from({ length: 1203 }, (_, index) => `a${String(index).padStart(4, '0')}`);
    await Promise.all(
      ids.map((id, index) =>
        store.settle([
          { row: aSettled(id, 1, { at: NOON + Math.floor(index / 700) }), budgets: [], reservedMicroUsd: 0 },
        ]),
      ),
    );
    await store.settle([{ row: aSettled('before', 1, { at: NOON - 1 }), budgets: [], reservedMicroUsd: 0 }]);
    const lines = await linesOf({ location: where, table: 'ledger', since: NOON, format: 'jsonl' });
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(ids);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      at: '2026-03-01T12:00:00.000Z',
      costMicroUsd: 1,
      tried: [],
      inputTokens: 100,
      inputAudioTokens: null,
      isFlagged: false,
    });
  });

  test('quotes CSV by RFC 4180, keeps the order of columns, and lets no field be a formula', async () => {
    const where = await place();
    const store = await open(where);
    const row = {
      asked: '=HYPERLINK("x")',
      served: 'a,b\n"c"',
      provider: '@sum',
      tried: ['-1', 'two'],
      gateway: '+g',
      tags: { a: '=1' },
      why: '=1',
      refused: [{ target: 'a/b', reason: 'c' }],
    };
    await store.settle([{ row: aSettled('a', -5, row), budgets: [], reservedMicroUsd: 0 }]);
    const [head, line] = await linesOf({ location: where, table: 'ledger', since: 0, format: 'csv' });
    expect(head).toBe(
      'id,at,kind,path,session,task,key,team,promptClass,dataClass,gateway,asked,tried,served,provider,inputTokens,' +
        'outputTokens,totalTokens,inputTextTokens,inputAudioTokens,inputImageTokens,cachedTokens,outputTextTokens,' +
        'outputAudioTokens,seconds,reportedMicroUsd,estimatedMicroUsd,costMicroUsd,costSource,isFlagged,latencyMs,' +
        'firstTokenMs,outcome,quality,score,isRehearsal,cachedAudioTokens,cachedImageTokens,cacheWriteTokens,' +
        'outputImageTokens,cacheWriteHourTokens,webSearches,flags,endUser,tags,why,retention,residency,refused,refusals,trace,response,target,savedMicroUsd,' +
        'difficulty,redacted,guarded,inputAudioSeconds,outputAudioSeconds,characters,messages\r\n',
    );
    expect(line).toBe(
      'a,2026-03-01T12:00:00.000Z,chat,routed,,,demo,support,commodity,open,\'+g,"\'=HYPERLINK(""x"")",\'-1 two,' +
        '"a,b\n""c""",\'@sum,100,20,,,,,,,,,,-5,-5,estimated,false,12.5,,ok,,,false,,,,,,,,,"{""a"":""=1""}",\'=1,,,"[{""target"":""a/b"",""reason"":""c""}]",,,,,,,,,,,,\r\n',
    );
  });

  test('exports sessions without their record', async () => {
    const where = await place();
    const store = await open(where);
    await store.commitSessions({ started: [aSession('s1')], ended: [anEnd('s1')] });
    const [line] = await linesOf({ location: where, table: 'session', since: 0, format: 'jsonl' });
    expect(JSON.parse(line ?? '')).toMatchObject({ id: 's1', endedAt: '2026-03-01T12:01:00.000Z' });
    expect(line).not.toContain('turns');
  });

  test('exports the audit log, with details as JSON in CSV', async () => {
    const where = await place();
    const store = await open(where);
    const entry = { id: 'e1', at: NOON, actor: 'admin', action: 'key.changed', subject: 'key:web' } as const;
    await store.addAudit({ ...entry, source: '192.0.2.1', details: { fields: 'team' } });
    const [line] = await linesOf({ location: where, table: 'audit', since: 0, format: 'jsonl' });
    const at = '2026-03-01T12:00:00.000Z';
    expect(JSON.parse(line ?? '')).toEqual({ ...entry, at, source: '192.0.2.1', details: { fields: 'team' } });
    const [, row] = await linesOf({ location: where, table: 'audit', since: 0, format: 'csv' });
    expect(row).toBe(`e1,${at},admin,key.changed,key:web,192.0.2.1,"{""fields"":""team""}"\r\n`);
  });

  test('exports a store that no process owns', async () => {
    const where = await place();
    const store = await openStore(where);
    await store.reserve([], 0, anAttempt('a'));
    await store.close();
    expect(await linesOf({ location: where, table: 'ledger', since: 0, format: 'csv' })).toHaveLength(2);
  });

  test('says so where there is no store', async () => {
    const lines = linesOf({ location: await place(), table: 'ledger', since: 0, format: 'csv' });
    await expect(lines).rejects.toThrow(/^the store .*trunkline.* cannot be opened: /);
  });
}
