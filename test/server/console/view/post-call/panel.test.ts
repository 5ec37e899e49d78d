// The panel of the side tasks as a person sees it: results one after the other, failures, and costs.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  eventually,
  launchChromium,
  openConsole,
  type RunningGateway,
  startCommand,
} from '../../../../support/console-page.ts';
import { answerSide } from '../../../../support/console-side.ts';

let gateway: RunningGateway;
let browser: Browser;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startCommand(), launchChromium()]);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

const task = (kind: string, state: string, more: object = {}) => ({ id: `s.${kind}`, kind, state, ...more });
const rehearsed = { isRehearsal: true, quality: 'valid' };
const queued = [task('summary', 'queued'), task('title', 'queued'), task('quality', 'queued')];
const running = [
  task('summary', 'running'),
  task('title', 'done', { ...rehearsed, result: { title: 'A short call' } }),
];
const ended = [
  task('summary', 'done', {
    ...rehearsed,
    result: { summary: 'One asked, the other answered.', points: ['A point.'] },
  }),
  task('title', 'done', { ...rehearsed, result: { title: 'A short call' } }),
  task('quality', 'failed', { error: 'budget_exceeded' }),
];
const ledger = [
  { kind: 'realtime', path: 'direct', served: 'gpt-realtime-2.1', costMicroUsd: 13_210, costSource: 'estimated' },
  { kind: 'task', path: 'routed', served: 'rehearsal', costSource: 'unknown', isRehearsal: true },
  { kind: 'task', path: 'routed', served: 'rehearsal', costSource: 'unknown', isRehearsal: true },
];

async function talk(viewport: { width: number; height: number }, results: readonly object[] = ended) {
  let polls = 0;
  let isFinished = false;
  const console = await openConsole(browser, gateway.origin, { viewport });
  onTestFinished(() => console.close());
  const { page, phase } = console;
  await answerSide(page, {
    kinds: ['summary', 'title', 'quality'],
    session(isEnded) {
      if (isEnded) polls += 1;
      if (!isEnded) return { tasks: queued, ledger: [] };
      return isFinished ? { tasks: results, ledger } : { tasks: running, ledger: ledger.slice(0, 1) };
    },
    ledger: () => ({ status: 404, rows: [] }),
  });
  await page.reload();
  await page.getByText('open mode').waitFor();
  await page.getByLabel('Dialect').selectOption('OpenAI Realtime, text');
  await page.getByRole('button', { name: 'Start session' }).last().click();
  await phase('ready');
  await page.getByLabel('Message').fill('hello');
  await page.keyboard.press('Enter');
  await page.locator('.turn-share').waitFor();
  return { ...console, finish: () => (isFinished = true), polls: () => polls };
}

test('results appear under the call as they come, with their marks, their failures and their cost', async () => {
  const { page, phase, faults, finish, polls, screenshot } = await talk({ width: 1440, height: 900 });
  const panel = page.locator('.post-call');
  const toggle = page.getByRole('button', { name: 'After the call' });
  expect(await toggle.getAttribute('aria-expanded')).toBe('false');
  await page.getByRole('button', { name: 'End session' }).first().click();
  await phase('closed');
  await panel.locator('.result-title').getByText('A short call').waitFor();
  expect(await toggle.getAttribute('aria-expanded')).toBe('true');
  expect(await panel.getByRole('status').textContent()).toContain('1 of 2 done');
  expect(await panel.locator('[data-kind="summary"] .skeleton').count()).toBe(1);
  const height = await panel.evaluate((element) => element.getBoundingClientRect().height);

  finish();
  await panel.getByText('One asked, the other answered.').waitFor();
  expect(await panel.getByText('rehearsal: no model').count()).toBe(1);
  expect(await panel.locator('[data-kind="title"] .rehearsal').count()).toBe(1);
  expect(await panel.locator('[data-kind="quality"]').textContent()).toContain('budget_exceeded');
  expect(await panel.getByRole('status').textContent()).toContain('2 of 3 done, 1 failed, cost $0.013 + 2 unknown');
  expect(await panel.locator('[data-charge="session"]').textContent()).toContain('$0.013 estimated');
  expect(await panel.locator('[data-charge="tasks"] td').last().textContent()).toContain('unknown');
  expect(await panel.evaluate((element) => element.getBoundingClientRect().height)).toBe(height);
  await panel.and(page.locator('[data-following="settled"]')).waitFor();
  const asked = polls();
  await screenshot('console-after-call');

  // The next call starts without the results of this one.
  await page.getByRole('button', { name: 'Start session' }).last().click();
  await phase('ready');
  expect(await toggle.getAttribute('aria-expanded')).toBe('false');
  expect(polls()).toBe(asked);
  expect(faults).toEqual([]);
});

test('results stand below each other on a phone, and nothing is cut off', async () => {
  const { page, phase, finish } = await talk({ width: 390, height: 844 });
  finish();
  await page.getByRole('button', { name: 'End session' }).first().click();
  await phase('closed');
  await page.getByText('One asked, the other answered.').waitFor();
  const lefts = await page
    .locator('.result')
    .evaluateAll((all) => all.map((text) => text.getBoundingClientRect().left));
  expect(new Set(lefts).size).toBe(1);
  await eventually(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
});

const results: readonly [kind: string, result: unknown, text: string][] = [
  ['title', { title: 'A call' }, 'TitledoneA call'],
  ['title', { title: { of: 'another form' } }, 'Titledonetitle{\n  "of": "another form"\n}'],
  ['summary', { summary: 'Long.', points: ['One.'] }, 'SummarydoneLong.One.'],
  ['rolling-summary', { summary: 'So far.', open: [] }, 'Summary so fardoneSo far.'],
  ['classification', { label: 'billing', confidence: 0.9 }, 'Labelsdonebilling90 % sure'],
  [
    'sentiment-and-outcome',
    { sentiment: 'mixed', outcome: 'resolved', reason: 'It was.' },
    'Sentiment, outcomedonemixedresolvedIt was.',
  ],
  [
    'action-items',
    {
      items: [
        { action: 'Call back', owner: 'assistant', due: null },
        { action: 'Pay', owner: 'user', due: 'today' },
      ],
    },
    'Action itemsdoneCall back assistantPay user, today',
  ],
  [
    'quality',
    { overall: 0.5, criteria: [{ name: 'brief', score: 1, reason: 'so' }] },
    'Qualitydone50 % over allbrief100 %',
  ],
  ['moderation', { flagged: true, severity: 'low', categories: ['hate'] }, 'Moderationdoneflaggedlowhate'],
  [
    'extraction',
    { order: 17, items: ['a', 'b'], none: null, deep: { x: 1 } },
    'Extractiondoneorder17itemsa, bnone–deep{\n  "x": 1\n}',
  ],
  ['own-kind', 'plain words', 'Own kinddoneplain words'],
];

test('each built-in kind is shown in its own way, and what has another form by its names and values', async () => {
  const tasks = results.map(([kind, result], at) => task(kind, 'done', { id: `s.${at}`, result }));
  const { page, phase, finish, faults } = await talk({ width: 1440, height: 900 }, tasks);
  finish();
  await page.getByRole('button', { name: 'End session' }).first().click();
  await phase('closed');
  await page.locator('[data-following="settled"]').waitFor();
  expect(await page.locator('.result').allTextContents()).toEqual(results.map(([, , text]) => text));
  expect(faults).toEqual([]);
});
