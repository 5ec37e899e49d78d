// The latency panel on a small laptop: the turns stay in view.

import { expect, onTestFinished, test } from 'vitest';
import { launchChromium, openConsole, startCommand } from '../../../../support/console-page.ts';

test('three turns and a notice leave every bar and the newest frames in view', { timeout: 90_000 }, async () => {
  const [gateway, browser] = await Promise.all([startCommand(), launchChromium()]);
  onTestFinished(async () => {
    await browser.close();
    await gateway.close();
  });
  const { page, phase } = await openConsole(browser, gateway.origin, { viewport: { width: 1280, height: 800 } });
  await page.route('**/samples/*', (route) => route.abort());
  await page.getByText('Samples only').click();
  await page.getByText('Push to talk').click();
  await page.getByRole('button', { name: 'Start talking' }).last().click();
  await phase('ready');
  for (const turn of [1, 2, 3]) {
    await page.getByLabel('Message').fill(`number ${turn}`);
    await page.keyboard.press('Enter');
    await page.locator(`[data-turn="${turn}"] [data-stage="buffered"]`).waitFor();
  }
  await page.getByRole('button', { name: 'Play sample' }).click();
  await page.locator('.notice').waitFor();
  const hidden = await page.locator('.bar, .event:first-child').evaluateAll((all) =>
    all
      .filter((element) => {
        const box = element.getBoundingClientRect();
        const panel = element.closest('.panel')?.getBoundingClientRect();
        return panel === undefined || box.top < panel.top || box.bottom > Math.min(panel.bottom, innerHeight);
      })
      .map((element) => element.outerHTML.slice(0, 80)),
  );
  expect(await page.locator('.bar').count()).toBe(3);
  expect(hidden).toEqual([]);
  expect(await page.locator('[data-hold-to-talk], [data-microphone]').count()).toBe(0);
});
