// The commands about keys: over a store that is not there yet or at rest, and through the admin listener of a gateway that runs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../../../server/cli/commands/command.ts';
import { SIDE_OPTIONS, sideCommand } from '../../../../server/cli/commands/commands.ts';
import { loadConfig } from '../../../../server/config/load.ts';
import { configFile } from '../../../support/config-file.ts';
import { killAll } from '../../../support/processes.ts';
import { runCommand, type Served, serve } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const KEYS = [{ id: 'web', secret: 'secret-of-web', team: 'apps' }];
const file = configFile({ access: 'keys', keys: KEYS, admin: { port: 0 } });
let served: Served | undefined;

beforeAll(async () => {
  served = await serve({ access: 'keys', keys: KEYS });
});
afterAll(async () => {
  if (served !== undefined) killAll(served.child);
  await served?.exited;
});

/** Runs a command in this process: what it prints, or says when it fails. */
async function outcome(data: string, ...args: string[]) {
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

describe.each(['at rest', 'at work'])('with a gateway %s', (kind) => {
  let data = '';
  const run = (...args: string[]) => outcome(data, 'keys', ...args);
  const shown = async (id: string) => JSON.parse((await run('show', id)).stdout);
  beforeAll(() => {
    data = kind === 'at rest' ? temporaryFolder('keys') : (served?.data ?? '');
  });

  test('a key is made with what is set, and its secret alone is printed', async () => {
    const set = ['models=openai/*', 'models=gemini/*', 'maxSessions=3', 'endUser=123', 'tags.plan=gold', 'tags.of=me'];
    const made = await run('create', 'app', ...set.flatMap((one) => ['--set', one]));
    expect(made).toEqual({ code: 0, stderr: '', stdout: expect.stringMatching(/^tlk_[\w-]{43}\n$/) });
    const { createdAt, ...key } = await shown('app');
    expect(key).toMatchObject({
      ...{ id: 'app', models: ['openai/*', 'gemini/*'], maxSessions: 3, endUser: '123' },
      ...{ tags: { plan: 'gold', of: 'me' }, source: 'stored', state: 'active' },
    });
    const second = await run('create', 'second', '--format', 'json');
    expect(JSON.parse(second.stdout)).toMatchObject({ id: 'second', secret: expect.stringMatching(/^tlk_/) });
    const files = kind === 'at rest' ? ['trunkline.db'] : [];
    for (const name of files) expect(readFileSync(join(data, name)).includes(made.stdout.trim())).toBe(false);
  });

  test('keys are listed with those of the file, and changed, expired, rotated, revoked and deleted', async () => {
    const list = await run('list');
    expect(list.stdout).toMatch(/^id +source +state +team +expires +models\nweb +file +active +apps .*\napp +stored/);
    expect((await run('change', 'app', '--set', 'maxSessions=', '--set', 'team=apps')).code).toBe(0);
    expect(await shown('app')).toMatchObject({ team: 'apps' });
    expect(await shown('app')).not.toHaveProperty('maxSessions');
    const rotated = await run('rotate', 'app', '--keep-old', 'PT1H');
    expect(rotated.stdout).toMatch(/^tlk_/);
    expect(await shown('app')).toHaveProperty('oldSecretUntil');
    expect((await run('expire', 'app', '--at', '2100-01-01T00:00:00Z')).stdout).toBe(
      'app expires at 2100-01-01T00:00:00.000Z\n',
    );
    expect((await run('expire', 'app')).code).toBe(0);
    expect(await shown('app')).toMatchObject({ state: 'expired' });
    expect((await run('revoke', 'second')).stdout).toBe('second is revoked\n');
    expect((await run('delete', 'second')).stdout).toBe('second is deleted\n');
    expect(await run('show', 'second')).toMatchObject({ code: 1, stderr: 'no key has this id' });
  });

  test.each([
    [['create', 'web'], 1, 'the configuration has a key of this id'],
    [['create', 'x', '--set', 'maxSessions=many'], 2, 'maxSessions: expected a number, got "many"'],
    [['create', 'x', '--set', 'secret=mine-alone'], 2, 'secret: unknown key'],
    [['create', 'x', '--set', 'team'], 2, '--set: expected NAME=VALUE'],
    [['create'], 2, 'expected the id of one key'],
    [['change', 'app'], 2, '--set: missing'],
    [['list', '--limit', '0'], 2, '--limit: expected a number'],
    [['rotate', 'app', '--keep-old', 'long'], 2, '--keep-old: expected seconds'],
    [['revoke', 'web'], 1, 'one of the configuration'],
    [['list', '--set', 'a=b'], 2, '--set does not go with keys list'],
  ] as const)('what is wrong is said: %j', async (args, code, stderr) => {
    const failed = await run(...args);
    expect([failed.code, failed.stderr]).toEqual([code, expect.stringContaining(stderr)]);
    expect(failed.stderr).not.toContain('mine-alone');
  });
});

test('where everyone is let in, no key is made, and what would help is said', async () => {
  const command = runCommand(['keys', 'create', 'app', '--data', temporaryFolder('open')]);
  const { code } = await command.exited;
  expect([code, command.stdout(), command.stderr()]).toEqual([1, '', expect.stringContaining('access: keys')]);
});
