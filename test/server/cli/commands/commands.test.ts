// The commands about the side path: over a store at rest, and through the admin listener of a gateway that runs.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UsageError } from '../../../../server/cli/commands/command.ts';
import { SIDE_OPTIONS, sideCommand } from '../../../../server/cli/commands/commands.ts';
import { loadConfig } from '../../../../server/config/load.ts';
import { startAdmin } from '../../../../server/processes/admin.ts';
import { createSideHttp } from '../../../../server/side/http/routes.ts';
import type { Store } from '../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { adminSide, unchanging } from '../../../support/admin-side.ts';
import { configFile } from '../../../support/config-file.ts';
import { ledgerRow, storedTask } from '../../../support/fake-store.ts';
import { runCommand } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const file = configFile({ admin: { port: 0, token: 'token-of-admin' } });
let data: string;
let store: Store;

beforeEach(async () => {
  data = temporaryFolder('cli');
  store = await openStore({ url: 'sqlite', dataDirectory: data });
  const ledger = ledgerRow({ id: '0190-row', kind: 'realtime', at: Date.parse('2026-03-01T10:00:00Z'), team: 'apps' });
  await store.commitSessions({ ledger: [ledger] });
  await store.addTask(storedTask({ id: 'a.summary', state: 'dead', error: 'upstream_failed' }));
  await store.addTask(storedTask({ id: 'b.summary', state: 'done', result: '{"summary":"Short."}' }));
});

/** A command in this process, which starts faster than one of its own: what it prints, or says when it fails. */
async function outcome(...args: string[]) {
  const { values, positionals } = parseArgs({ args, options: SIDE_OPTIONS, allowPositionals: true });
  let stdout = '';
  try {
    const command = sideCommand(positionals, values);
    for await (const piece of command?.(loadConfig({ file, data, env: {} })) ?? []) stdout += piece;
    return { code: 0, stdout, stderr: '' };
  } catch (error) {
    return { code: error instanceof UsageError ? 2 : 1, stdout, stderr: (error as Error).message };
  }
}

/** The same as an operator types it. */
async function typed(...args: string[]) {
  const command = runCommand([...args, '--config', file, '--data', data]);
  const { code } = await command.exited;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}

/** Runs one after the other, since the store at rest has one owner. */
async function inTurn(...commands: string[][]) {
  const outcomes: Awaited<ReturnType<typeof outcome>>[] = [];
  for (const args of commands) outcomes.push(await outcome(...args));
  return outcomes;
}

/** The gateway of this data directory, as far as the commands see it. */
async function startRun() {
  const config = loadConfig({ file, data, env: {} });
  const log = pino({ level: 'silent' });
  const sources = {
    ...unchanging,
    readiness: async () => ({ sessions: [], calls: [] }),
    metrics: async () => [],
    records: async () => [],
    ...(await adminSide(createSideHttp({ config, store, log }))),
  };
  const admin = await startAdmin(config, sources, log);
  const run = { pid: process.pid, listen: {}, admin: { host: '127.0.0.1', port: admin.port }, rehearsal: [] };
  writeFileSync(join(data, 'run.json'), JSON.stringify(run));
  return admin;
}

test('a gateway that has another token than the file is asked with that of the environment', async () => {
  const admin = await startRun();
  const changed = configFile({ admin: { port: 0, token: 'token-of-later' } });
  const run = async (env: Record<string, string>) => {
    const command = runCommand(['tasks', 'list', '--config', changed, '--data', data], env);
    return [(await command.exited).code, command.stdout() + command.stderr()];
  };
  expect(await run({})).toEqual([
    1,
    expect.stringMatching(/another admin\.token than the file: set TRUNKLINE_ADMIN_TOKEN /),
  ]);
  expect(await run({ TRUNKLINE_ADMIN_TOKEN: 'token-of-admin' })).toEqual([0, expect.stringContaining('a.summary')]);
  await admin.close();
  await store.close();
});

describe.each(['at rest', 'at work'])('a command over a store %s', (kind) => {
  let close = async (): Promise<void> => {};
  beforeEach(async () => {
    if (kind === 'at rest') await store.close();
    else {
      const admin = await startRun();
      close = async () => {
        await admin.close();
        await store.close();
      };
    }
  });
  afterEach(() => close());

  test('prints, and its exit code says how it went', async () => {
    const [listed, unknown, wrong] = [
      await typed('tasks', 'list', '--state', 'dead'),
      await typed('tasks', 'show', 'nobody'),
      await typed('tasks', 'list', '--by', 'class'),
    ];
    expect(listed).toMatchObject({
      code: 0,
      stderr: '',
      stdout: (await outcome('tasks', 'list', '--state', 'dead')).stdout,
    });
    expect(listed?.stdout).toContain('a.summary');
    expect([unknown?.code, unknown?.stdout]).toEqual([1, '']);
    expect([wrong?.code, wrong?.stderr]).toEqual([2, expect.stringContaining('--by does not go with tasks list')]);
  });

  test('lists, shows and retries tasks', async () => {
    const [dead, shown, unknown] = await inTurn(
      ['tasks', 'list', '--state', 'dead'],
      ['tasks', 'show', 'b.summary'],
      ['tasks', 'show', 'nobody'],
    );
    expect(dead).toMatchObject({ code: 0, stderr: '' });
    expect(dead?.stdout).toMatch(/^id +kind +state .*\na\.summary +summary +dead .*upstream_failed\n$/);
    expect(JSON.parse(shown?.stdout ?? '')).toMatchObject({ id: 'b.summary', result: { summary: 'Short.' } });
    expect((await outcome('tasks', 'retry', 'a.summary')).stdout).toBe('a.summary is queued\n');
    const again = await outcome('tasks', 'retry', 'a.summary');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('this task is queued')]);
    expect([unknown?.code, unknown?.stderr]).toEqual([1, 'no task has this id']);
  });

  test('retries all tasks of a state since a time', async () => {
    const [later, since, again] = await inTurn(
      ['tasks', 'retry', '--state', 'dead', '--since', 'P1D'],
      ['tasks', 'retry', '--state', 'dead', '--since', '1970-01-01T00:00:00Z'],
      ['tasks', 'retry', '--state', 'dead'],
    );
    expect([later?.stdout, since?.stdout, again?.stdout]).toEqual([
      '0 tasks are queued\n',
      '1 task is queued\n',
      '0 tasks are queued\n',
    ]);
    const wrong = await outcome('tasks', 'retry', '--state', 'done');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('expected one of dead, failed')]);
  });

  test('reports the ledger', async () => {
    const [table, csv, json, wrong] = await inTurn(
      ['ledger', 'report', '--by', 'team,day'],
      ['ledger', 'report', '--by', 'team', '--format', 'csv', '--since', '2026-03-01'],
      ['ledger', 'report', '--format', 'json', '--until', '2026-02-01T00:00:00Z'],
      ['ledger', 'report', '--by', 'colour'],
    );
    expect(table?.stdout).toMatch(/^team +day +calls .*\napps +2026-03-01 +1 .*0\.000012/);
    expect(csv?.stdout).toMatch(/^team,calls,refusals,inputTokens.*\r\napps,1,0,10,5,12,/);
    expect(JSON.parse(json?.stdout ?? '')).toMatchObject({ by: ['class', 'model'], rows: [] });
    expect([wrong?.code, wrong?.stderr]).toEqual([2, expect.stringContaining('--by: expected fields out of class')]);
  });

  test('exports the store', async () => {
    const lines = await outcome('store', 'export', '--since', '2026-01-01T00:00:00Z');
    expect(lines).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(lines.stdout)).toMatchObject({ id: '0190-row', at: '2026-03-01T10:00:00.000Z' });
    expect((await outcome('store', 'export', '--format', 'csv')).stdout).toMatch(/^id,at,.*\r\n0190-row,/);
  });
});

test('refuses words and options that do not go together', async () => {
  await store.close();
  const uses: [string[], string][] = [
    [['tasks', 'show'], 'expected the id of one task'],
    [['tasks', 'list', 'now'], 'expected nothing after tasks list'],
    [['tasks', 'list', '--by', 'class'], '--by does not go with tasks list'],
    [['ledger', 'report', '--format', 'xml'], 'expected one of table, json, csv'],
    [['config', 'check', '--since', '2026-01-01'], '--since does not go with this command'],
    [['store', 'export', '--table', 'turn'], 'expected ledger or session'],
    [['tasks', 'list', '--state', 'asleep'], '--state: expected one of queued'],
  ];
  const outcomes = await Promise.all(uses.map(([args]) => outcome(...args)));
  for (const [index, { code, stderr }] of outcomes.entries()) {
    expect([code, stderr]).toEqual([2, expect.stringContaining(uses[index]?.[1] ?? '')]);
  }
});

test('says that there is neither gateway nor store, or which gateway does not answer', async () => {
  await store.close();
  const stored = data;
  data = join(data, 'nowhere');
  const nowhere = await outcome('tasks', 'list');
  expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('it holds no store')]);
  data = stored;
  const admin = await startRun();
  await admin.close();
  const silent = await outcome('tasks', 'list');
  expect([silent.code, silent.stderr]).toEqual([1, expect.stringContaining(`process ${process.pid}`)]);
});
