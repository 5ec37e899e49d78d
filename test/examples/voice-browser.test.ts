// The example voice-browser in Chromium, as a newcomer starts it: its microphone talks into the first answer, which stops and is marked with
// what was heard; the second is heard whole. Its socket is cut and its page reloaded in mid-answer. In Firefox, where that is installed, a call begins and ends.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  composeRecording,
  launchChromium,
  outputFolder,
  type RunningGateway,
  startCommand,
} from '../support/console-page.ts';
import { firefox, hasPulse, openFirefox } from '../support/firefox.ts';
import { root } from '../support/pages.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

let gateway: RunningGateway;
let app: ViteDevServer;
let browser: Browser;
let page: Page;
let address: string;
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
  const bound = app.httpServer?.address();
  address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}/`;
  await page.goto(address);
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

test('a call goes on over a lost socket in mid-answer, and begins anew on a page that is loaded anew', {
  timeout: 120_000,
}, async () => {
  const sockets: WebSocketRoute[] = [];
  const other = await browser.newPage();
  await other.routeWebSocket(/\/v1\/realtime/, (socket) => {
    sockets.push(socket);
    socket.connectToServer();
  });
  await other.goto(address);
  const answers = other.locator('[data-role="assistant"]');
  const whole = answers.getByText(/I heard \d seconds of speech\./);
  await other.getByRole('button', { name: 'Talk' }).click();
  await answers.first().waitFor({ timeout: 60_000 });
  await sockets.at(-1)?.close({ code: 1011, reason: 'cut' });
  const before = await whole.count();
  await other.getByText('Listening', { exact: true }).waitFor({ timeout: 60_000 });
  await until(async () => (await whole.count()) > before);
  expect(sockets.map((socket) => socket.url().includes('trunkline-continue'))).toEqual([false, true]);
  await other.reload();
  expect(await answers.count()).toBe(0);
  await other.getByRole('button', { name: 'Talk' }).click();
  await whole.first().waitFor({ timeout: 60_000 });
  expect(await other.getByRole('alert').isHidden()).toBe(true);
  expect(sockets.length).toBe(3);
  await other.close();
});

test('a browser that connects a microphone at its own rate alone is heard, too', { timeout: 90_000 }, async () => {
  const other = await browser.newPage();
  await other.addInitScript(() => {
    const connect = AudioContext.prototype.createMediaStreamSource;
    AudioContext.prototype.createMediaStreamSource = function (stream) {
      if (this.sampleRate === 24_000) throw new DOMException('another rate', 'NotSupportedError');
      return connect.call(this, stream);
    };
  });
  await other.goto(address);
  await other.getByRole('button', { name: 'Talk' }).click();
  await other.getByText('(3 seconds of speech)', { exact: true }).first().waitFor({ timeout: 60_000 });
  await other.close();
});

/** Opens the example in Firefox, and presses its button. */
async function callInFirefox(devices: Parameters<typeof openFirefox>[1]) {
  const opened = await openFirefox(address, devices);
  onTestFinished(() => opened.close());
  await opened.evaluate(
    'globalThis.faults = []; addEventListener("error", ({ message }) => faults.push(message)); document.querySelector("button").click()',
  );
  const there = (selector: string, words: RegExp) =>
    opened.until(`${words}.test(document.querySelector('${selector}')?.textContent)`);
  return { ...opened, there };
}

test.runIf(firefox && hasPulse)('a call begins and ends in Firefox', { timeout: 90_000 }, async () => {
  const { there, evaluate } = await callInFirefox({ hasSound: true });
  await there('[role="status"]', /Listening/);
  await evaluate('document.querySelector("button").click()');
  await there('[role="status"]', /Ready/);
  expect(await evaluate('document.querySelector("[role=alert]").textContent + faults.join()')).toBe('');
});

test.runIf(firefox)('a machine without sound is told so in Firefox', { timeout: 90_000 }, async () => {
  const { there } = await callInFirefox({ hasSound: false });
  await there('[role="alert"]', /no output for sound/);
  await there('[role="status"]', /Ready/);
});
