// The operator's page as a person uses it: the token, live sessions and their end, one session with its timeline, and what is over.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';
import {
  eventually,
  launchChromium,
  openOperator,
  type RunningGateway,
  startCommand,
} from '../../../../support/console-page.ts';
import { openClient } from '../../../../support/gateway.ts';
import { closed } from '../../../../support/inbox.ts';

const token = 'token-of-the-operator';
let gateway: RunningGateway;
let browser: Browser;

beforeAll(async () => {
  const times = { firstAudioMs: 10, firstTextMs: 10, tokenMs: 5 };
  const keys = [
    { id: 'web', secret: 'secret-of-web', team: 'support' },
    { id: 'kiosk', secret: 'secret-of-kiosk' },
  ];
  const config = {
    keys,
    admin: { port: 0, token },
    budgets: [{ key: 'web', window: 'day', maxUsd: 2 }],
    rehearsal: { times },
  };
  [gateway, browser] = await Promise.all([startCommand(config), launchChromium()]);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

async function call(secret: string): Promise<WebSocket> {
  const url = `${gateway.origin.replace('http', 'ws')}/v1/realtime?model=gpt-realtime`;
  return openClient(url, { headers: { authorization: `Bearer ${secret}` } });
}

async function open(place = '') {
  const opened = await openOperator(browser, gateway.admin + place, { viewport: { width: 1280, height: 900 } });
  onTestFinished(() => opened.close());
  return opened;
}

async function enter(place = '') {
  const opened = await open(place);
  await opened.page.getByLabel('Token').fill(token);
  await opened.page.getByRole('button', { name: 'Open' }).click();
  return opened;
}

test('the token is asked for once, kept over a reload, and forgotten', async () => {
  const { page, faults } = await open();
  await page.getByLabel('Token').fill('another token');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText('It was not accepted').waitFor();
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText('Nobody is talking').waitFor();
  await page.reload();
  await page.getByText('Nobody is talking').waitFor();
  expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 1]);
  await page.getByRole('button', { name: 'Forget the token' }).click();
  await page.getByLabel('Token').waitFor();
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  // The browser itself says that it was refused.
  expect(faults.filter((fault) => !fault.includes('401'))).toEqual([]);
});

test('a live session is shown while it goes on, and ended by two presses of one button', async () => {
  const { page, screenshot } = await enter();
  await page.getByText('Nobody is talking').waitFor();
  const client = await call('secret-of-web');
  const row = page.locator('.rows tbody tr');
  await row.waitFor();
  expect(await row.textContent()).toMatch(/^0:0\d.*web support.*gpt-realtime/);
  await screenshot('operator-live');
  await row.getByRole('button', { name: /^End/ }).click();
  expect(client.readyState).toBe(client.OPEN);
  await row.getByRole('button', { name: /^End it now/ }).click();
  expect(await closed(client)).toMatchObject({ code: 4504 });
  await page.getByText('Nobody is talking').waitFor();
});

test('a session that is over has its timeline, what stands out, its words, tasks and cost', async () => {
  const client = await call('secret-of-kiosk');
  const content = [{ type: 'input_text', text: 'what the user wrote' }];
  client.send(JSON.stringify({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } }));
  client.send('{"type":"response.create"}');
  await new Promise<void>((resolve) => {
    client.on('message', (data: Buffer) => data.includes('"response.done"') && resolve());
  });
  client.terminate();
  const { page, faults, screenshot } = await enter('/#sessions');
  const row = page.locator('.rows tbody tr').filter({ hasText: 'kiosk' });
  await eventually(async () => {
    await page.getByRole('button', { name: 'Refresh' }).click();
    return row.first().textContent();
  }).toContain('client-lost');
  await row.first().getByRole('link').click();
  await page.getByText('the connection of the client broke off').waitFor();
  expect(await page.locator('.entries').textContent()).toContain('Closed by the client with 1006');
  expect(await page.locator('.entries').textContent()).not.toContain('Usage:');
  await page.getByText(/^Usage \d/).click();
  expect(await page.locator('.entries').textContent()).toContain('Usage: ');
  expect(await page.locator('.said').textContent()).toContain('what the user wrote');
  await page.locator('.task-state-done').nth(2).waitFor();
  await page.locator('.charges-table').waitFor();
  await screenshot('operator-session');
  await page.getByRole('link', { name: 'All sessions' }).click();
  await page.getByLabel('Key').fill('web');
  await page.getByLabel('Key').press('Enter');
  await eventually(() => page.locator('.rows tbody').textContent()).not.toContain('kiosk');
  expect(faults.filter((fault) => !fault.includes('401'))).toEqual([]);
});

test('what was refused, how upstreams answered, and what budgets have left are shown', async () => {
  await expect(call('a secret of nobody')).rejects.toThrow('401');
  const { page } = await enter('/#health');
  await page.getByText('new sessions and new calls are served').waitFor();
  await page.getByText('Answers under way: 0, readers of them: 0').waitFor();
  await page.locator('tr', { hasText: 'invalid_key' }).waitFor();
  expect(await page.locator('tr', { hasText: 'OpenAI' }).textContent()).toMatch(/rehearsal\d+100 %\d/);
  expect(await page.locator('tr', { hasText: 'rehearsal' }).last().textContent()).toContain('closed');
  await page.getByRole('link', { name: 'Budgets' }).click();
  await eventually(() => page.locator('[data-sheet="budgets"] tbody tr').allTextContents()).toEqual([
    expect.stringMatching(/^key webday0 %\$0\$0\$2\.00\$2\.00\d/),
  ]);
});

test('a key is made, its secret copied once, rotated, and revoked with its sessions', async () => {
  const { page, faults, screenshot } = await enter('/#keys');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const secret = page.getByRole('textbox', { name: 'Secret of browser' });
  const row = page.locator('tr', { hasText: 'browser' }).first();
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Name').fill('no spaces here');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('expected letters, digits').waitFor();
  await page.getByLabel('Name').fill('browser');
  await page.getByLabel('Models').fill('openai/*');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const first = await secret.inputValue();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(first);
  await screenshot('operator-keys');
  const old = await call(first);

  await row.getByRole('button', { name: /^Rotate/ }).click();
  await row.getByRole('button', { name: /^New secret now/ }).click();
  await eventually(() => secret.inputValue()).not.toBe(first);
  const second = await secret.inputValue();
  const present = await call(second);
  await page.getByRole('button', { name: 'I have it' }).click();
  expect(await page.content()).not.toContain(second);

  await row.getByRole('button', { name: /^Revoke/ }).click();
  await row.getByRole('button', { name: /^End its sessions now/ }).click();
  expect(await Promise.all([closed(old), closed(present)])).toMatchObject([{ code: 4501 }, { code: 4501 }]);
  await eventually(() => row.textContent()).toContain('revoked');
  await expect(call(second)).rejects.toThrow('401');
  const orders = page.locator('tr', { hasText: 'key:browser' });
  await eventually(() => orders.count()).toBe(3);
  expect((await orders.allTextContents()).map((text) => /key\.\w+/.exec(text)?.[0])).toEqual([
    'key.revoked',
    'key.rotated',
    'key.created',
  ]);
  await row.getByRole('button', { name: /^Delete/ }).click();
  await row.getByRole('button', { name: /^Free its id now/ }).click();
  await eventually(() => page.locator('tr', { hasText: 'active' }).count()).toBe(2);
  expect(faults.filter((fault) => !fault.includes('401') && !fault.includes('400'))).toEqual([]);
});

test('a key is changed in the form that makes one, and what is wrong is said beside its field', async () => {
  const { page, faults, screenshot } = await enter('/#keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Name').fill('phone');
  await page.getByLabel('Tags').fill('plan: gold');
  await page.getByRole('button', { name: 'Add a budget' }).click();
  await page.getByRole('button', { name: 'Make it' }).click();
  const most = page.getByLabel('Most, USD');
  await page.getByText(/^missing, expected a number of US dollars/).waitFor();
  expect(await most.evaluate((input) => input === document.activeElement)).toBe(true);
  await most.fill('5');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('button', { name: 'I have it' }).click();

  const change = page.getByRole('button', { name: 'Change the key phone' });
  await change.click();
  expect(await page.getByRole('button', { name: 'Change it' }).isEnabled()).toBe(false);
  expect(await page.getByLabel('Tags').inputValue()).toBe('plan: gold');
  await page.getByLabel('Tags').fill('');
  await page.getByLabel('Team').fill('support');
  await page.getByLabel('Models').fill('openai/*, gemni/*');
  await page.getByRole('button', { name: '30 days' }).click();
  await page.getByText('Limits of each of its end users').click();
  await page.getByLabel('Calls a minute').last().fill('60');
  await page.getByRole('button', { name: 'Change it' }).click();
  const hint = page.locator('#key-models-hint');
  await eventually(() => hint.textContent()).toContain('did you mean gemini?');
  await screenshot('operator-key-form');
  await page.getByLabel('Models').fill('openai/*, gemini/*');
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.locator('tr', { hasText: 'phone' }).filter({ hasText: 'openai/*, gemini/*' }).waitFor();
  expect(await change.evaluate((button) => button === document.activeElement)).toBe(true);
  const changed = await fetch(`${gateway.admin}/keys/phone`, { headers: { authorization: `Bearer ${token}` } });
  expect(await changed.json()).toEqual({
    ...{ id: 'phone', team: 'support', models: ['openai/*', 'gemini/*'], endUsers: { rates: { callsPerMinute: 60 } } },
    ...{ budgets: [{ window: 'month', maxUsd: 5 }], source: 'stored', state: 'active' },
    ...{ createdAt: expect.any(String), changedAt: expect.any(String), expiresAt: expect.any(String) },
  });
  expect(faults.filter((fault) => !fault.includes('401') && !fault.includes('400'))).toEqual([]);
});

test('a key of the configuration is only shown, with the reason', async () => {
  const { page } = await enter('/#keys');
  await page.getByRole('button', { name: 'Show the key web' }).click();
  await page.getByText('This key is one of the configuration: change it there').waitFor();
  expect(await page.getByLabel('Team').inputValue()).toBe('support');
  expect(await page.getByLabel('Team').isDisabled()).toBe(true);
  expect(await page.getByRole('button', { name: 'Change it' }).count()).toBe(0);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('of many keys those are found whose id, team or end user is like what is typed', async () => {
  const { page } = await enter();
  const keys = Array.from({ length: 30 }, (_, at) => ({ id: `key-${at}`, source: 'stored', state: 'active' }));
  const json = { keys: [...keys, { ...keys[0], id: 'other', endUser: 'Anna' }], next: null };
  await page.route('**/keys?*', (route) => route.fulfill({ json }));
  await page.getByRole('link', { name: 'Keys' }).click();
  const ids = () => page.locator('.rows').first().locator('tbody th').allTextContents();
  await page.getByLabel('Find').fill('KEY-2');
  expect(await ids()).toEqual(['key-2', ...Array.from({ length: 10 }, (_, at) => `key-2${at}`)]);
  await page.getByLabel('Find').fill('anna');
  expect(await ids()).toEqual(['other']);
  await page.getByLabel('Find').fill('nobody');
  await page.getByText('No key fits').waitFor();
});

test('an answer that takes longer than the time between two questions is shown', async () => {
  const { page } = await open();
  const error = { code: 'side_unavailable', message: 'the side path does not answer' };
  await page.route('**/sessions', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await route.fulfill({ status: 503, json: { error } }).catch(() => {});
  });
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText('The gateway says: the side path does not answer.').waitFor();
});

test('a page that is hidden asks for nothing', async () => {
  const { page } = await enter();
  await page.getByText('Nobody is talking').waitFor();
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
  });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(asked).toEqual([]);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await eventually(() => asked.length).toBeGreaterThan(0);
});
