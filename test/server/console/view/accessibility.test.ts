// The page is open to everybody: axe-core finds no fault in any of its views and states, in both colours, wide and narrow.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { accessibilityFaults } from '../../../support/accessibility.ts';
import { launchChromium, openConsole, type RunningGateway, startCommand } from '../../../support/console-page.ts';
import { openClient } from '../../../support/gateway.ts';

let gateway: RunningGateway;
let browser: Browser;
let page: Page;
let live: WebSocket | undefined;
let phase: (name: string) => Promise<void>;

beforeAll(async () => {
  const times = { firstAudioMs: 10, firstTextMs: 10, tokenMs: 5 };
  const budgets = [{ key: 'demo', window: 'day', maxUsd: 2 }];
  const locked = { keys: [{ id: 'demo', secret: 'demo-secret' }], rehearsal: { times }, budgets };
  [gateway, browser] = await Promise.all([startCommand(locked), launchChromium()]);
  ({ page, phase } = await openConsole(browser, gateway.origin, { reducedMotion: 'reduce' }));
}, 300_000);

afterAll(async () => {
  live?.terminate();
  await browser?.close();
  await gateway?.close();
});

/** The faults of the page as it is, in both colours, wide and narrow; so low that every region that can scroll does. */
async function faultsEverywhere(): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 560 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const fault of await accessibilityFaults(page)) found.add(`${width} ${colorScheme} ${fault}`);
    }
  }
  return [...found];
}

/** Each state follows from the one before. */
const states: readonly (readonly [name: string, reach: () => Promise<unknown>])[] = [
  ['before a call, with all settings open', () => page.getByText('Instructions, voice, tools').click()],
  [
    'after a refusal',
    async () => {
      await page.getByText('Samples only').click();
      await page.getByLabel('Gateway key').fill('wrong-secret');
      await page.getByRole('button', { name: 'Start talking' }).last().click();
      await page.getByText('The session was refused').waitFor();
    },
  ],
  [
    'on the ledger with a wrong key',
    async () => {
      await page.getByRole('link', { name: 'Ledger' }).click();
      await page.getByText('The key was not accepted').waitFor();
    },
  ],
  [
    'on an empty ledger',
    async () => {
      await page.getByRole('link', { name: 'Talk' }).click();
      // The ledger has a field of that label too, as long as it is shown.
      await page.locator('#key').fill('demo-secret');
      await page.getByRole('link', { name: 'Ledger' }).click();
      await page.getByText('Nothing was used').waitFor();
    },
  ],
  [
    'in a call, with words on their way and opened events',
    async () => {
      await page.getByRole('link', { name: 'Talk' }).click();
      await page.getByRole('button', { name: 'Start talking' }).last().click();
      await phase('ready');
      await page.getByLabel('Message').fill('hello');
      await page.keyboard.press('Enter');
      await page.locator('.caption-provider[data-final="true"]').waitFor();
      await page.getByLabel('Message').fill('one\ntwo');
      for (const turn of await page.locator('.event-turn > h3 > [aria-expanded="false"]').all()) await turn.click();
      await page.locator('.event-run > .event-head').first().click();
      await page.locator('.event-run .event .event-head').first().click();
      await page.locator('.event[data-type="session.created"] .event-head').click();
    },
  ],
  [
    'after a call, with its results',
    async () => {
      await page.getByRole('button', { name: 'End session' }).first().click();
      await page.locator('.result .task-state-done').nth(4).waitFor();
      await page.locator('.charges-table').waitFor();
    },
  ],
  [
    'on the list of its sessions',
    async () => {
      await page.getByRole('link', { name: 'Sessions' }).click();
      await page.locator('.rows tbody tr').first().waitFor();
    },
  ],
  [
    'on one of its sessions, with its timeline',
    async () => {
      await page.locator('.rows tbody a').first().click();
      await page.locator('.lanes').waitFor();
      await page.locator('.outcome .charges-table').waitFor();
    },
  ],
  [
    'on the ledger with rows',
    async () => {
      await page.getByRole('link', { name: 'Ledger' }).click();
      await page.locator('.rows tbody tr').first().waitFor();
    },
  ],
];

/** The states of the operator's page. */
const operatorStates: typeof states = [
  [
    'with nobody talking',
    async () => {
      await page.goto(gateway.admin);
      await page.getByText('Nobody is talking').waitFor();
    },
  ],
  [
    'with a live session that is about to be ended',
    async () => {
      const headers = { authorization: 'Bearer demo-secret' };
      live = await openClient(`${gateway.origin.replace('http', 'ws')}/v1/realtime?model=gpt-realtime`, { headers });
      await page.getByRole('button', { name: 'End session' }).click();
    },
  ],
  [
    'on the list of all sessions',
    async () => {
      await page.getByRole('link', { name: 'Sessions' }).click();
      await page.locator('.rows tbody tr').first().waitFor();
    },
  ],
  [
    'on one session that lives',
    async () => {
      await page.locator('.rows tbody a').first().click();
      await page.locator('.lanes').waitFor();
    },
  ],
  [
    'on the keys, with the form of a new one',
    async () => {
      await page.getByRole('link', { name: 'Keys' }).click();
      await page.locator('.rows tbody tr').first().waitFor();
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByLabel('Name').fill('not a name');
      await page.getByRole('button', { name: 'Make it' }).click();
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'on the keys, with a new secret',
    async () => {
      await page.getByLabel('Name').fill('new');
      await page.getByRole('button', { name: 'Make it' }).click();
      await page.getByText('The secret of new').waitFor();
    },
  ],
  [
    'on a key that is changed, with all its groups open',
    async () => {
      await page.getByRole('button', { name: 'Change the key new' }).click();
      for (const title of ['Limits of each of its end users', 'Transcripts and calls'])
        await page.getByText(title).click();
      await page.getByRole('button', { name: 'Add a budget' }).click();
      await page.getByRole('button', { name: 'Change it' }).click();
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'on a key of the configuration',
    async () => {
      await page.getByRole('button', { name: 'Leave' }).click();
      await page.getByRole('button', { name: 'Show the key demo' }).click();
      await page.getByText('This key is one of the configuration').waitFor();
    },
  ],
  [
    'on the budgets',
    async () => {
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('link', { name: 'Budgets' }).click();
      await page.locator('.rows tbody tr').first().waitFor();
    },
  ],
  [
    'on what was used',
    async () => {
      await page.getByRole('link', { name: 'Usage' }).click();
      await page.locator('.tile-figure').first().waitFor();
      await page.getByRole('searchbox', { name: 'is' }).fill('demo');
    },
  ],
  [
    'on the health of everything',
    async () => {
      await page.getByRole('link', { name: 'Health' }).click();
      await page.getByText('Ends of sessions').waitFor();
    },
  ],
  [
    'where it asks for a token',
    async () => {
      await page.route('**/sessions?*', (route) => route.fulfill({ status: 401, json: {} }));
      await page.goto(`${gateway.admin}/#sessions`);
      await page.reload();
      await page.getByLabel('Token').waitFor();
    },
  ],
];

test.each(states)('the page has no fault %s', { timeout: 60_000 }, async (_, reach) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await reach();
  expect(await faultsEverywhere()).toEqual([]);
});

test.each(operatorStates)("the operator's page has no fault %s", { timeout: 60_000 }, async (_, reach) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await reach();
  expect(await faultsEverywhere()).toEqual([]);
});
