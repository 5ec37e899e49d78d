// The view of a session as a person sees it: what was said, the field for messages, and the event log.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  eventually,
  launchChromium,
  openConsole,
  type RunningGateway,
  startCommand,
} from '../../../../support/console-page.ts';

let gateway: RunningGateway;
let browser: Browser;

beforeAll(async () => {
  const times = { firstTextMs: 10, tokenMs: 5 };
  [gateway, browser] = await Promise.all([startCommand({ rehearsal: { times } }), launchChromium()]);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

/** A session of written messages. */
async function open(viewport = { width: 1280, height: 900 }) {
  const { page, faults, phase, close, screenshot } = await openConsole(browser, gateway.origin, { viewport });
  onTestFinished(close);
  await page.getByLabel('Dialect').selectOption('OpenAI Realtime, text');
  await page.getByRole('button', { name: 'Start session' }).last().click();
  await phase('ready');
  return { page, faults, screenshot };
}

test('the field grows with its text, and Enter sends where Shift and Enter begin a new line', async () => {
  const { page, faults } = await open();
  const field = page.getByLabel('Message');
  const height = () => field.evaluate((element) => element.clientHeight);
  const atFirst = await height();
  await page.keyboard.type('one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two');
  expect(await height()).toBeGreaterThan(atFirst * 1.4);
  await field.fill('many\n'.repeat(60));
  expect(await height()).toBeLessThan(300);
  await field.fill('one\ntwo');
  await page.keyboard.press('Enter');
  expect(await page.locator('.caption-you .caption-text').textContent()).toBe('one\ntwo');
  expect(await field.inputValue()).toBe('');
  expect(await height()).toBe(atFirst);
  expect(faults).toEqual([]);
});

test('repeats in the event log are one row with their number, which opens to each of them', async () => {
  const { page } = await open();
  await page.keyboard.type('one two three four five six');
  await page.keyboard.press('Enter');
  await page.locator('.turn-share').waitFor();
  const run = page.locator('.event-run[data-type="response.output_text.delta"]');
  const count = Number(await run.getAttribute('data-count'));
  expect(count).toBeGreaterThan(5);
  expect(await page.locator('.event').count()).toBeLessThan(20);
  await run.locator('.event-head').click();
  expect(await run.locator('.event').count()).toBe(count);

  // Names that differ at their end can be told apart, whatever the width.
  const type = run.locator('.event-type').first();
  expect(await type.getAttribute('title')).toBe('response.output_text.delta');
  const cut = await page
    .locator('.event-type')
    .evaluateAll((all) => all.filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.textContent));
  expect(cut).toEqual([]);
});

test('turns in the event log are one row each, opened by keyboard and told to screen readers', {
  timeout: 60_000,
}, async () => {
  const { page, faults, screenshot } = await open();
  const log = page.locator('.event-log');
  const turns = 12;
  for (let turn = 1; turn <= turns; turn++) {
    await page.getByLabel('Message').fill(`Turn number ${turn}`);
    await page.keyboard.press('Enter');
    await page
      .locator('.caption-provider[data-final="true"]')
      .nth(turn - 1)
      .waitFor();
  }
  expect(await log.locator('.event-turn').count()).toBe(turns + 1);
  // Only the newest is open: what happened before the turns, and all others of them, are a row each.
  expect(await log.locator('.event, .event-run').count()).toBeLessThan(25);
  const second = log.getByRole('heading', { level: 3 }).getByRole('button', { name: /Turn 2\b.*frames/ });
  expect(await second.getAttribute('aria-expanded')).toBe('false');
  await second.focus();
  await page.keyboard.press('Enter');
  expect(await second.getAttribute('aria-expanded')).toBe('true');
  const rows = log.locator('.event-turn[data-turn="2"] .event-list');
  expect(await rows.locator('[data-type="conversation.item.create"]').count()).toBe(1);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await rows.locator('[aria-expanded="true"]').count()).toBe(1);
  await screenshot('event-turns-1280');
  // A turn that was opened stays open, and the filter shows what it finds in all turns.
  await page.getByLabel('Message').fill('One more');
  await page.keyboard.press('Enter');
  await page.locator(`.event-turn[data-turn="${turns + 1}"]`).waitFor();
  expect(await second.getAttribute('aria-expanded')).toBe('true');
  await page.getByLabel('Filter events by text').fill('conversation.item.create');
  await expect.poll(() => log.locator('.event[data-type="conversation.item.create"]').count()).toBe(turns + 1);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByLabel('Filter events by text').fill('');
  await second.scrollIntoViewIfNeeded();
  await screenshot('event-turns-390');
  expect(faults).toEqual([]);
});

test.each([
  [1280, 720],
  [1280, 900],
  [1024, 768],
  [390, 844],
])('after a call on a screen of %d by %d its last words stay in view beside the results', async (width, height) => {
  const { page } = await open({ width, height });
  for (const words of ['first', 'second', 'third']) {
    await page.getByLabel('Message').fill(words);
    await page.keyboard.press('Enter');
    await page.locator('.caption-provider[data-final="true"]', { hasText: words }).waitFor();
  }
  await page.getByRole('button', { name: 'End session' }).locator('visible=true').first().click();
  await page.locator('.result .task-state-done').nth(4).waitFor();
  const last = page.locator('.caption-text').last();
  expect(await last.textContent()).toContain('third');
  const isInView = () =>
    last.evaluate((words) => {
      const [box, list, panel] = [words, words.closest('.captions'), words.closest('.panel')].map((element) =>
        element?.getBoundingClientRect(),
      );
      if (!box || !list || !panel) return false;
      return box.bottom <= list.bottom && box.bottom > list.top && list.bottom <= panel.bottom;
    });
  await eventually(isInView).toBe(true);
});

test('where audio never starts, as without a sound device, the page says so and the session goes on', async () => {
  const { page, faults, phase, close } = await openConsole(browser, gateway.origin);
  onTestFinished(close);
  // A browser that finds no output for sound stays suspended, and never answers.
  await page.addInitScript(() => {
    AudioContext.prototype.resume = () => new Promise(() => {});
  });
  await page.reload();
  await page.getByText('Samples only').click();
  await page.getByRole('button', { name: 'Start talking' }).last().click();
  await phase('ready');
  expect(await page.getByRole('alert').textContent()).toMatch(/no sound here.*captions and text/i);
  await page.getByLabel('Message').fill('hello');
  await page.keyboard.press('Enter');
  await page.locator('.caption-provider[data-final="true"]', { hasText: 'You wrote: hello' }).waitFor();
  // Another message interrupts, though there is no player to silence.
  await page.getByLabel('Message').fill('again');
  await page.keyboard.press('Enter');
  await page.locator('.caption-provider', { hasText: 'You wrote: again' }).waitFor();
  expect(faults).toEqual([]);
});

test('on a phone what went wrong is in view, though the button that was pressed is far down the page', async () => {
  const locked = await startCommand({ keys: [{ id: 'demo', secret: 'demo-secret' }], rehearsal: true });
  onTestFinished(() => locked.close());
  const { page, close } = await openConsole(browser, locked.origin, { viewport: { width: 390, height: 600 } });
  onTestFinished(close);
  await page.getByLabel('Dialect').selectOption('OpenAI Realtime, text');
  await page.getByLabel('Gateway key').fill('wrong-secret');
  await page.getByRole('button', { name: 'Start session' }).last().click();
  const notice = page.locator('.notice');
  await notice.waitFor();
  expect(await page.evaluate(() => scrollY)).toBeGreaterThan(200);
  const { y = -1, height = 0 } = (await notice.boundingBox()) ?? {};
  expect(y).toBeGreaterThanOrEqual(0);
  expect(y + height).toBeLessThan(600);
});
