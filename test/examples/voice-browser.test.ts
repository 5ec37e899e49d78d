// The example voice-browser in Chromium, as a newcomer starts it: its microphone talks into the first answer, which stops and is marked with
// what was heard; the second is heard whole.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  composeRecording,
  launchChromium,
  outputFolder,
  type RunningGateway,
  startCommand,
} from '../support/console-page.ts';
import { root } from '../support/pages.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let gateway: RunningGateway;
let app: ViteDevServer;
let browser: Browser;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  const pieces = [1000, 'librivox-0880.wav', 3500, 'librivox-0930.wav', 1500];
  [gateway, browser] = await Promise.all([
    startCommand({ rehearsal: { times: { firstAudioMs: 100, transcriptionMs: 50 } } }),
    launchChromium(composeRecording('voice-browser', pieces)),
  ]);
  process.env.TRUNKLINE_URL = gateway.origin;
  app = await createServer({
    ...{ configFile: join(root, 'examples/voice-browser/vite.config.js'), logLevel: 'silent' },
    server: { port: 0, host: '127.0.0.1' },
    cacheDir: temporaryFolder('voice-browser'),
  });
  await app.listen();
  page = await browser.newPage();
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  const address = app.httpServer?.address();
  await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`);
});
afterAll(async () => {
  delete process.env.TRUNKLINE_URL;
  await browser?.close();
  await app?.close();
  await gateway?.close();
});

test('an answer that is talked into stops where it was heard, and the next is heard whole', {
  timeout: 90_000,
}, async () => {
  await page.getByRole('button', { name: 'Talk' }).click();
  const [first, second] = [0, 1].map((at) => page.locator('[data-role="assistant"]').nth(at));
  await first?.getByText(/interrupted: \d+\.\d s were heard/).waitFor({ timeout: 60_000 });
  await second?.getByText(/I heard \d seconds of speech\./).waitFor({ timeout: 60_000 });
  expect(await page.locator('[data-role="user"]').last().textContent()).toMatch(/^\(\d seconds of speech\)$/);
  expect(await second?.locator('small').count()).toBe(0);
  mkdirSync(outputFolder, { recursive: true });
  await page.screenshot({ path: join(outputFolder, 'voice-browser.png') });
  await page.getByRole('button', { name: 'Hang up' }).click();
  await page.getByText('Ready', { exact: true }).waitFor();
  expect(await page.getByRole('alert').isHidden()).toBe(true);
  expect(faults).toEqual([]);
});
