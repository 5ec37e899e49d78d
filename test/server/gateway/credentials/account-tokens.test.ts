// Tests credentials that a command gives: what it may say, how long that counts, and what happens when it fails.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { AccountTokens } from '../../../../server/gateway/credentials/account-tokens.ts';
import { openClient, refusedUpgrade, startGateway } from '../../../support/gateway.ts';
import { startProvider } from '../../../support/provider.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** A command that says what its file holds, and counts its runs. */
function aCommand(says: string) {
  const folder = temporaryFolder('token-command');
  const [said, runs] = [join(folder, 'said'), join(folder, 'runs')];
  const script = `const fs = require('node:fs'); fs.appendFileSync(${JSON.stringify(runs)}, 'x'); process.stdout.write(fs.readFileSync(${JSON.stringify(said)}, 'utf8'));`;
  const say = (text: string) => writeFileSync(said, text);
  say(says);
  writeFileSync(runs, '');
  return { tokenCommand: [process.execPath, '-e', script], say, runs: () => readFileSync(runs, 'utf8').length };
}

const jwt = (expS: number) => `e30.${Buffer.from(JSON.stringify({ exp: expS })).toString('base64url')}.c2ln`;
const seconds = (ms: number) => Math.floor((Date.now() + ms) / 1000);
const commands = (more: object = {}) => new AccountTokens({ log: pino({ level: 'silent' }), ...more });

test.each([
  ['a token alone', 'token-1\n', 'token-1'],
  ['the JSON of Azure', JSON.stringify({ accessToken: 'token-2', expires_on: seconds(60_000) }), 'token-2'],
  ['the JSON of OAuth', JSON.stringify({ access_token: 'token-3', expires_in: 60 }), 'token-3'],
])('reads %s', async (_what, says, token) => {
  const { tokenCommand } = aCommand(says);
  expect(await commands().of('a', { tokenCommand })).toBe(token);
});

test.each([
  ['JSON without a token', '{"a":1}', 'expected a token alone, or JSON'],
  ['nothing', '', 'expected a token alone'],
  ['two lines', 'one\ntwo', 'expected a token alone'],
  ['a token that has ended', jwt(seconds(-1000)), 'its token has ended already'],
])('refuses %s, and does not repeat what was said', async (_what, says, message) => {
  const { tokenCommand } = aCommand(says);
  await expect(commands().of('a', { tokenCommand })).rejects.toThrow(message);
});

test.each([
  ['cannot be run', ['/nowhere/at/all'], 'it could not be run (ENOENT)'],
  ['fails', [process.execPath, '-e', 'console.log("secret"); process.exit(3)'], 'it ended with exit code 3'],
  ['says too much', [process.execPath, '-e', 'console.log("x".repeat(1e6))'], 'it said more than 65536 bytes'],
  ['does not end', [process.execPath, '-e', 'setInterval(() => {}, 1000)'], 'it did not end within 1000 ms'],
])('says that a command %s', async (_what, tokenCommand, message) => {
  await expect(commands({ fetchMs: 1000 }).of('a', { tokenCommand })).rejects.toThrow(message);
});

test('runs a command once for all that wait for it, and again only when its token is old', async () => {
  const { tokenCommand, runs } = aCommand('token-1');
  const tokens = commands();
  expect(await Promise.all([tokens.of('a', { tokenCommand }), tokens.of('b', { tokenCommand })])).toEqual([
    'token-1',
    'token-1',
  ]);
  expect(tokens.of('a', { tokenCommand })).toBe('token-1');
  expect(runs()).toBe(1);
});

test('goes on with a token that is old but has not ended, while a new one is fetched', async () => {
  const { tokenCommand, say, runs } = aCommand('token-1');
  const tokens = commands();
  await tokens.of('a', { tokenCommand, tokenMs: 3_600_000 });
  say('token-2');
  // The clock of the test is the one that moves.
  const now = Date.now;
  try {
    const later = now() + 3_000_000;
    Date.now = () => later;
    expect(tokens.of('a', { tokenCommand, tokenMs: 3_600_000 })).toBe('token-1');
    await expect.poll(() => tokens.of('a', { tokenCommand, tokenMs: 3_600_000 })).toBe('token-2');
  } finally {
    Date.now = now;
  }
  expect(runs()).toBe(2);
});

test('a session is dialled with the token of the command, which is repeated nowhere, and refused while there is none', async () => {
  const upstream = await startProvider();
  const { tokenCommand, say } = aCommand('');
  const account = { baseUrl: upstream.url, allowPrivate: true, tokenCommand };
  const gateway = await startGateway({ providers: { azure: account } });
  const { status, body } = await refusedUpgrade(`${gateway.url}/azure/openai/v1/realtime?model=d`);
  expect([status, JSON.parse(body).error]).toMatchObject([
    503,
    {
      code: 'provider_not_configured',
      message:
        'no credential for azure: its tokenCommand failed: expected a token alone, or JSON with accessToken, access_token or token',
    },
  ]);
  const token = jwt(seconds(600_000));
  say(JSON.stringify({ accessToken: token }));
  const client = await openClient(`${gateway.url}/azure/openai/v1/realtime?model=d`);
  expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${token}`);
  client.terminate();
  expect(JSON.stringify(gateway.lines)).not.toContain(token);
  await gateway.close();
  await upstream.close();
});
