// A key's own sessions on the page of the public listener: they outlive a reload of the page, and no other key sees them.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  eventually,
  launchChromium,
  openConsole,
  type RunningGateway,
  startCommand,
} from '../../../../support/console-page.ts';
import { openClient } from '../../../../support/gateway.ts';

let gateway: RunningGateway;
let browser: Browser;

beforeAll(async () => {
  const keys = [
    { id: 'web', secret: 'secret-of-web' },
    { id: 'other', secret: 'secret-of-other' },
  ];
  [gateway, browser] = await Promise.all([startCommand({ keys, rehearsal: {} }), launchChromium()]);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

test('they are found again after a reload, by the key that this tab keeps', async () => {
  const url = `${gateway.origin.replace('http', 'ws')}/v1/realtime?model=gpt-realtime`;
  for (const secret of ['secret-of-web', 'secret-of-other']) {
    const client = await openClient(url, { headers: { authorization: `Bearer ${secret}` } });
    onTestFinished(() => client.terminate());
  }
  const { page, faults, close } = await openConsole(browser, gateway.origin);
  onTestFinished(close);
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByText('This gateway asks for a key', { exact: true }).waitFor();
  await page.locator('#sessions-key').fill('secret-of-web');
  await page.locator('#sessions-key').press('Enter');
  const rows = page.locator('.rows tbody tr');
  await rows.first().waitFor();
  await page.reload();
  await rows.first().waitFor();
  expect(await rows.count()).toBe(1);
  await rows.first().getByRole('link').click();
  await page.locator('.lanes').waitFor();
  // The key may end its own session.
  await page.getByRole('button', { name: /^End/ }).click();
  await page.getByRole('button', { name: /^End it now/ }).click();
  await eventually(() => page.locator('.entries').textContent()).toContain('4504');
  expect(faults).toEqual([]);
});
