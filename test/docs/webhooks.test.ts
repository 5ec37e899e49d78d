// The receiver in docs/webhooks.md takes what a gateway sends it, and nothing that somebody else signed.

import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../bench/machine/processes.ts';
import { guideBlocks, root } from '../support/pages.ts';
import { type ServedGateway, serveGateway } from '../support/sdk.ts';
import { until } from '../support/until.ts';

const receiver = guideBlocks.find(({ tags }) => tags.program === 'webhook');
const secret = 'secret-of-the-hook';

let gateway: ServedGateway | undefined;
let program: ChildProcess | undefined;

afterEach(async () => {
  program?.kill();
  await gateway?.close();
});

test('the receiver in docs/webhooks.md prints what the page says when a task is done', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/hook`;
  program = spawn(process.execPath, ['--input-type=module'], {
    cwd: root,
    env: { PATH: process.env.PATH, HOOK_SECRET: secret },
  });
  let printed = '';
  program.stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  program.stdin?.end(receiver?.code.replace('3000', `${port}, '127.0.0.1'`));
  const isListening = () =>
    fetch(url, { method: 'POST', body: '{}' }).then(
      ({ status }) => status === 401,
      () => false,
    );
  await until(isListening);

  gateway = await serveGateway({ webhooks: [{ url, secret, allowPrivate: true }] });
  const task = { kind: 'summary', text: 'Ann called about her invoice. It was wrong.' };
  const headers = { authorization: 'Bearer any-key', 'content-type': 'application/json' };
  await fetch(`${gateway.http}/v1/tasks`, { method: 'POST', headers, body: JSON.stringify(task) });
  await until(() => printed.includes('\n'));
  expect(printed.trim()).toBe(receiver?.prints);
});
