// "Connect your app" in a real browser: it is opened, an SDK is chosen, the code is copied, and nobody sees the key who did not ask.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { accessibilityFaults } from '../../../../support/accessibility.ts';
import { launchChromium, openConsole, type RunningGateway, startCommand } from '../../../../support/console-page.ts';

let gateway: RunningGateway;
let browser: Browser;

beforeAll(async () => {
  const keys = [{ id: 'demo', secret: 'demo-secret' }];
  [gateway, browser] = await Promise.all([
    startCommand({ keys, listen: { port: 0, tlsPort: 0 }, rehearsal: {} }),
    launchChromium(),
  ]);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

async function open(options: BrowserContextOptions = {}) {
  const permissions = ['clipboard-read', 'clipboard-write'];
  const opened = await openConsole(browser, gateway.origin, { permissions, reducedMotion: 'reduce', ...options });
  onTestFinished(opened.close);
  return opened;
}

const openDialog = (page: Page) => page.getByRole('button', { name: 'Connect your app' }).click();
const program = (page: Page) => page.getByRole('region', { name: 'The program' }).locator('pre');
const copied = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

test('a developer chooses an SDK, and copies the line for the certificate and the program', async () => {
  const { page, faults } = await open();
  await page.getByLabel('Model').fill('gpt-realtime-mini');
  await openDialog(page);
  await page.getByLabel('SDK').selectOption('openai, Node');
  const start = page.getByRole('region', { name: 'In a terminal' });
  expect(await start.locator('pre').textContent()).toMatch(
    /NODE_EXTRA_CA_CERTS=\/path\/to\/\S+\/tls\/ca\.pem node talk\.mjs$/,
  );
  await page.getByRole('button', { name: 'Copy: The program' }).click();
  await page.getByText('Copied').waitFor();
  const text = await copied(page);
  expect(text).toBe(await program(page).textContent());
  expect(text).toContain("model: 'gpt-realtime-mini'");
  expect(text).toMatch(/baseURL: 'https:\/\/localhost:\d+\/v1'/);
  await page.getByLabel('SDK').selectOption('@openai/agents-realtime, Node');
  expect(await page.getByText('Copied').count()).toBe(0);
  await page.getByRole('button', { name: 'Copy: In a terminal' }).click();
  await expect.poll(() => copied(page)).toBe('npm install @openai/agents-realtime\nnode talk.mjs');
  await page.keyboard.press('Escape');
  expect(await page.getByRole('dialog').count()).toBe(0);
  expect(faults).toEqual([]);
});

test('the key is in the code only when the user asks for it, and a class where there are classes', async () => {
  const { page } = await open();
  await page.getByLabel('Gateway key').fill('demo-secret');
  await page.getByLabel('Dialect').selectOption('OpenAI Responses, text');
  await openDialog(page);
  await page.getByLabel('SDK').selectOption('curl');
  expect(await program(page).textContent()).toContain('Bearer my-gateway-key');
  expect(await page.getByRole('dialog').textContent()).not.toContain('demo-secret');
  await page.getByLabel('Put the key into the code').check();
  await page.getByLabel('Class').fill('support');
  const text = await program(page).textContent();
  expect(text).toContain(`curl ${gateway.origin}/v1/responses`);
  expect(text).toContain('Bearer demo-secret');
  expect(text).toContain('x-trunkline-class: support');
  // It is asked for each time.
  await page.getByRole('button', { name: 'Close' }).click();
  await openDialog(page);
  expect(await page.getByRole('dialog').textContent()).not.toContain('demo-secret');
});

test('the dialog has no fault of accessibility, and fits the page, in both colours, wide and narrow', {
  timeout: 60_000,
}, async () => {
  const { page, screenshot } = await open();
  await page.getByLabel('Gateway key').fill('demo-secret');
  await page.getByLabel('Dialect').selectOption('OpenAI Responses, text');
  await openDialog(page);
  await page.getByLabel('SDK').selectOption('AI SDK, useChat in a page');
  for (const [width, height] of [
    [1280, 800],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(await page.getByRole('dialog').evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
      await screenshot(`connect-${width}-${colorScheme}`);
    }
  }
});
