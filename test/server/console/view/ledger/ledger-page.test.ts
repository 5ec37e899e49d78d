// The ledger as a person reads it: totals, columns for each day, and a table to sort and regroup.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchChromium, openConsole, type RunningGateway, startCommand } from '../../../../support/console-page.ts';
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

const today = new Date().toISOString().slice(0, 10);
const used = [
  { class: 'voice', model: 'gpt-realtime-2.1', path: 'direct', team: '', day: today, cost: 90_000, calls: 2 },
  { class: 'commodity', model: 'small', path: 'routed', team: 'sales', day: today, cost: 1_500_000, calls: 9 },
  { class: 'rehearsal', model: 'rehearsal', path: 'routed', team: '', day: today, cost: undefined, calls: 5 },
];

function rowsBy(query: URLSearchParams) {
  const fields = (query.get('by') ?? '').split(',') as (keyof (typeof used)[0])[];
  return used.map(({ calls, cost, ...all }) => ({
    by: fields.map((field) => String({ ...all, cost, calls }[field] ?? '')),
    ...{ calls, inputTokens: calls * 100, outputTokens: calls * 10, valid: calls - 1, repaired: 1, failed: 0 },
    savedMicroUsd: all.class === 'commodity' ? 40_000 : 0,
    rehearsals: all.class === 'rehearsal' ? calls : 0,
    ...(cost === undefined ? { costMicroUsd: 0, unknownCosts: calls } : { costMicroUsd: cost, unknownCosts: 0 }),
  }));
}

async function open(status: number, viewport = { width: 1280, height: 900 }) {
  const console = await openConsole(browser, gateway.origin, { viewport });
  onTestFinished(() => console.close());
  const { page } = console;
  const asked: string[] = [];
  await answerSide(page, {
    kinds: ['summary'],
    session: () => ({ tasks: [], ledger: [] }),
    ledger(query) {
      asked.push(query.get('by') ?? '');
      return { status, rows: rowsBy(query) };
    },
  });
  await page.reload();
  await page.getByText('open mode').waitFor();
  await page.getByRole('link', { name: 'Ledger' }).click();
  return { ...console, asked };
}

test('totals, days and rows are shown; the table is sorted and regrouped with the keyboard', async () => {
  const { page, faults, asked, screenshot } = await open(200);
  await page.locator('[data-ledger="shown"]').waitFor();
  await page.locator('.plot-box canvas').nth(1).waitFor();
  expect(await page.locator('.tile').first().textContent()).toBe('Cost$1.59+ 5 of unknown cost');
  const models = () => page.locator('.rows tbody th:nth-child(2)').allTextContents();
  expect(await models()).toEqual(['small', 'gpt-realtime-2.1', 'rehearsal']);
  expect(await page.locator('.rows tbody tr').last().textContent()).toContain('unknown');
  expect(await page.locator('.rows tbody tr').last().locator('.rehearsal-part').textContent()).toBe(' rehearsal');
  expect(await page.locator('.rows tfoot .rehearsal-part').textContent()).toBe('5 rehearsal');
  expect(await page.locator('.rehearsal-part').count()).toBe(2);
  expect(await page.locator('.rows tfoot td').nth(3).textContent()).toBe('$0.040');

  await page.getByRole('button', { name: 'Calls' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  expect(await page.locator('th[aria-sort="ascending"]').textContent()).toBe('Calls');
  expect(await models()).toEqual(['gpt-realtime-2.1', 'rehearsal', 'small']);

  const plot = page.getByRole('img', { name: /^Cost per day by path: direct \$0\.090, routed \$1\.50/ });
  await plot.focus();
  await page.keyboard.press('End');
  const readout = page.locator('.plot-readout').first();
  expect(await readout.textContent()).toMatch(/^[A-Z][a-z]{2} \d+direct \$0\.090routed \$1\.50$/);
  await page.keyboard.press('Home');
  expect(await readout.textContent()).toMatch(/direct \$0routed \$0$/);

  await page.getByLabel('team').focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'team' }).waitFor();
  expect(asked.filter((by) => by !== 'day,path').at(-1)).toBe('class,model,path,team');
  await screenshot('console-ledger');
  await page.goBack();
  await page.getByRole('button', { name: 'Start talking' }).last().waitFor();
  expect(faults).toEqual([]);
});

test('the page says that a gateway has no ledger, and one press asks again', async () => {
  const { page } = await open(503);
  await page.getByText('No ledger here').waitFor();
  expect(await page.getByRole('button', { name: 'Refresh' }).isEnabled()).toBe(true);
});

test('only the table scrolls sideways on a phone', async () => {
  const { page } = await open(200, { width: 390, height: 844 });
  await page.locator('[data-ledger="shown"]').waitFor();
  await page.locator('.plot-box canvas').nth(1).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
});
