// The view of usage in a real browser, over what real calls of a gateway left in its ledger, and over answers that are written here.

import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { accessibilityFaults } from '../../../../../support/accessibility.ts';
import { cataloguedAt, catalogueGateway } from '../../../../../support/catalogue-gateway.ts';
import { eventually, launchChromium, openOperator, startCommand } from '../../../../../support/console-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
}, 300_000);
afterAll(() => browser?.close());

const secrets = { web: 'secret-of-web', kiosk: 'secret-of-kiosk' };

/** A gateway in front of an LLM gateway that answers calls and does not tell its catalogue. */
async function start() {
  const router = await catalogueGateway([]);
  router.status = 503;
  const gateway = await startCommand({
    keys: [
      { id: 'web', secret: secrets.web, team: 'support' },
      { id: 'kiosk', secret: secrets.kiosk },
    ],
    gateways: { router: cataloguedAt(router) },
    classes: {
      cheap: { targets: [{ gateway: 'router', model: 'vendor/small' }] },
      strong: { targets: [{ gateway: 'router', model: 'vendor/large' }] },
      any: { targets: [{ gateway: 'router', model: '*' }] },
    },
    prices: { 'vendor/small': { input: 1, output: 2 }, 'vendor/large': { input: 10, output: 20 } },
    budgets: [
      { key: 'web', window: 'day', maxUsd: 2 },
      { key: 'kiosk', window: 'total', maxUsd: 0.000001 },
    ],
  });
  onTestFinished(() => gateway.close());
  return gateway;
}

async function post(origin: string, path: string, body: object, secret = secrets.web): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  return fetch(`${origin}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

const messages = [{ role: 'user', content: 'Is it?' }];

async function callAll(origin: string): Promise<void> {
  for (const [model, score] of [
    ['cheap', 0],
    ['strong', 1],
  ] as const) {
    for (let round = 0; round < 12; round += 1) {
      const answer = await post(origin, 'chat/completions', { model, messages });
      expect(answer.status).toBe(200);
      const attempt = answer.headers.get('x-trunkline-attempt');
      expect((await post(origin, 'feedback', { attempt, score })).status).toBe(200);
    }
  }
  expect((await post(origin, 'chat/completions', { model: 'cheap', messages }, secrets.kiosk)).status).toBe(402);
}

const rowsOf = (page: Page, label: string) =>
  page.getByRole('region', { name: label }).locator('tbody tr').allTextContents();

test('costs, refusals, quality, a comparison, budgets and a catalogue that fails are seen at a glance', async () => {
  const gateway = await start();
  await callAll(gateway.origin);
  const { page, faults, screenshot } = await openOperator(browser, `${gateway.admin}/#usage`);
  onTestFinished(() => page.context().close());
  await eventually(async () => {
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.locator('.tile-figure').first().waitFor();
    return page.locator('.tile-figure').allTextContents();
  }).toEqual(['$0.188', '$0', '24', '1', '–', '50 %']);
  await eventually(() => page.locator('.notice').allTextContents()).toEqual([
    'The catalogue of router cannot be read HTTP 503. It was never read: models that only a pattern names are not served.',
  ]);
  await eventually(() => rowsOf(page, 'Rows of the ledger')).toEqual([
    expect.stringMatching(/^strong12[\d,]+\$0\.171\$0––100 % of 12/),
    expect.stringMatching(/^cheap12[\d,]+\$0\.017\$0––0 % of 12/),
  ]);
  expect(await rowsOf(page, 'Refusals and failures by code')).toEqual(['budget_exceeded10$0']);
  await eventually(() => rowsOf(page, 'Quality and latency by target')).toEqual([
    expect.stringMatching(/^router\/vendor\/large12–100 % of 12–\$0\.014/),
    expect.stringMatching(/^router\/vendor\/small12–0 % of 12–\$0\.0014/),
  ]);
  const compared = page.locator('.compare tbody tr');
  await eventually(() => compared.nth(1).textContent()).toBe(
    'Feedback100 % of 120 % of 12−100 %−100 % to −100 %router/vendor/large is higher',
  );
  expect(await compared.first().textContent()).toBe('Score– of 0– of 0––cannot be told: fewer than 10 rows');
  // Leases of calls go back when none has come for a while.
  await eventually(async () => {
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.locator('.tile-figure').first().waitFor();
    await page.getByRole('region', { name: 'Budgets' }).waitFor();
    return rowsOf(page, 'Budgets');
  }).toEqual([
    expect.stringMatching(/^key webday9 %\$0\.188\$0\$1\.81\$2\.00\d/),
    'key kiosktotal0 %$0$0$0.000001$0.000001never',
  ]);
  await page
    .getByRole('img', { name: /^Cost per day by class: strong \$0\.171, cheap \$0\.017 over all days/ })
    .waitFor();
  await screenshot('operator-usage');

  await page.getByRole('radio', { name: '24 h' }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('img', { name: /^Cost per hour by class: strong \$0\.171/ }).waitFor();
  await page.getByRole('button', { name: 'strong', exact: true }).click();
  await eventually(() => page.locator('.tile-figure').allTextContents()).toEqual([
    '$0.171',
    '$0',
    '12',
    '0',
    '–',
    '100 %',
  ]);
  expect(await page.locator('.compare').count()).toBe(0);
  await page.getByRole('combobox', { name: 'Only rows whose' }).selectOption('key');
  await page.getByRole('searchbox', { name: 'is' }).fill('kiosk');
  await page.keyboard.press('Enter');
  await page.getByText('No row of the ledger fits all filters').waitFor();
  await page.getByRole('button', { name: /^key kiosk/ }).click();
  await page.getByRole('button', { name: /^class strong/ }).click();
  await eventually(() => page.locator('.tile-figure').nth(2).textContent()).toBe('24');
  expect(faults).toEqual([]);
});

const today = new Date().toISOString().slice(0, 10);
const sums = { inputTokens: 90, outputTokens: 10, unknownCosts: 0, savedMicroUsd: 0, rehearsals: 0, scores: 0 };
const none = { refusals: 0, valid: 0, repaired: 0, failed: 0, feedbacks: 0 };
/** Eight groups, of which one is the rehearsal's and one has no name. */
const groups = Array.from({ length: 8 }, (_, at) => ({
  ...{ by: [at === 1 ? '' : `group-${at}`], calls: 10 - at, costMicroUsd: (8 - at) * 100_000, ...sums, ...none },
  ...(at === 0 && { rehearsals: 10 }),
  ...(at === 2 && { unknownCosts: 3, savedMicroUsd: 5, score: 0.5, scores: 4 }),
}));

/** The page of a gateway whose ledger is written here. */
async function openWritten(status = 200, rows: readonly object[] = groups) {
  const gateway = await startCommand();
  onTestFinished(() => gateway.close());
  const opened = await openOperator(browser, gateway.admin);
  const { page } = opened;
  onTestFinished(() => page.context().close());
  const asked: URLSearchParams[] = [];
  await page.route('**/ledger?*', async (route) => {
    const query = new URL(route.request().url()).searchParams;
    asked.push(query);
    const named = rows as readonly { readonly by: readonly string[] }[];
    const [first, second] = (query.get('by') ?? '').split(',');
    const timed = named.map((row) => ({ ...row, by: second === undefined ? row.by : [today, ...row.by] }));
    const ended = rows.map((row) => ({ ...row, by: ['ok'] }));
    const json = query.has('compare')
      ? { a: 'group-0', b: 'group-2', measures: [] }
      : { rows: first === 'outcome' ? ended : timed };
    await route.fulfill(status === 200 ? { json } : { status, json: { error: { message: 'the store is full' } } });
  });
  await page.getByRole('link', { name: 'Usage' }).click();
  return { ...opened, asked };
}

test('the groups that cost most have series of their own; the table is sorted by keyboard and saved as CSV', async () => {
  const { page, faults, asked } = await openWritten();
  await page.getByRole('radio', { name: 'team' }).check();
  const plot = page.getByRole('img', {
    name: 'Cost per day by team: group-0 $0.800, no team $0.700, group-2 $0.600, group-3 $0.500, group-4 $0.400, 3 others $0.600 over all days. Left and right read the days.',
  });
  await plot.waitFor();
  expect(await page.locator('.tile').allTextContents()).toEqual([
    'Cost$3.605.8 % of the calls: unknown cost',
    'Saved$0.000005not spent',
    'Sessions and calls5210 by the rehearsal',
    'Refusals0nobody was refused',
    'Score50 %mean of 4',
    'Feedback–no app said anything',
  ]);
  const table = page.getByRole('region', { name: 'Rows of the ledger' });
  const names = () => table.locator('tbody th').allTextContents();
  expect((await names()).slice(0, 3)).toEqual(['group-0', 'no team', 'group-2']);
  expect(await table.locator('tbody .rehearsal-part').allTextContents()).toEqual([' rehearsal']);
  await table.getByRole('button', { name: 'Calls' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  expect((await names())[0]).toBe('group-7');
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
  expect(saved.suggestedFilename()).toBe('usage by team, 7 days.csv');
  const lines = readFileSync(await saved.path(), 'utf8').split('\r\n');
  expect(lines[0]).toBe(
    'team,calls,inputTokens,outputTokens,costMicroUsd,unknownCosts,savedMicroUsd,rehearsals,valid,repaired,failed,score,scores,feedback,feedbacks,latencyMs',
  );
  expect(lines[3]).toBe('group-2,8,90,10,600000,3,5,0,0,0,0,0.5,4,,0,');
  await table.getByRole('button', { name: 'no team' }).click();
  await page.getByRole('button', { name: /^team no team/ }).waitFor();
  await eventually(() => asked.at(-1)?.get('team')).toBe('');
  expect(new Set(asked.map((query) => Number(query.get('limit')) <= 5000 || query.has('compare')))).toEqual(
    new Set([true]),
  );
  expect(faults).toEqual([]);
});

test('an empty ledger and one that cannot be read say so', async () => {
  const empty = await openWritten(200, []);
  await empty.page.getByText('Nothing was used in the last 7 days').waitFor();
  await empty.page.getByText('as soon as they have ended').waitFor();
  const full = await openWritten(503);
  await full.page.getByText('The gateway says: the store is full.').waitFor();
});

test('only tables scroll sideways on a phone, and nothing is at fault there, in both colours', async () => {
  const { page } = await openWritten();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator('.plot-box canvas').waitFor();
  await page.locator('.compare').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await accessibilityFaults(page)).toEqual([]);
  }
});
