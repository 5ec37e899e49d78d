// The console as a person uses it: real gateway, real browser, a recording for a microphone.

import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  composeRecording,
  eventually,
  launchChromium,
  loggedFrames,
  openConsole,
  type RunningGateway,
  startCommand,
  watchTexts,
} from '../../../support/console-page.ts';

const voiceMs = 90_000;
let gateway: RunningGateway;
let browser: Browser;

beforeAll(async () => {
  // The second sentence comes while the answer to the first one is being given.
  const conversation = composeRecording('console-microphone', [500, 'librivox-0880.wav', 5500, 'librivox-0930.wav']);
  [gateway, browser] = await Promise.all([startCommand(), launchChromium(conversation)]);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

async function open(options: Parameters<typeof openConsole>[2] = {}) {
  const console = await openConsole(browser, gateway.origin, options);
  onTestFinished(() => console.close());
  return console;
}

const reply = '.caption-provider[data-final="true"]';

test('a newcomer talks, reads both sides, hears the answer, interrupts it, and sees the latency', {
  timeout: voiceMs,
}, async () => {
  const { page, faults, count, phase, screenshot } = await open({ colorScheme: 'light' });
  await page.getByText('rehearsal provider answers').waitFor();
  await page.getByRole('button', { name: 'Start talking' }).last().click();
  await phase('ready');
  const captions = page.getByRole('log', { name: 'Captions' });
  expect(await captions.getAttribute('aria-live')).toBe('polite');
  await captions.locator(reply).first().waitFor();
  expect(await captions.locator('.caption-you').first().textContent()).toContain('seconds of speech');
  expect(await captions.locator(reply).first().textContent()).toContain('rehearsal provider');
  await eventually(() => count('played-samples')).toBeGreaterThan(24_000);

  // The second sentence of the microphone interrupts.
  await captions.locator('[data-truncated-at-ms]').first().waitFor();
  const playedSamples = await count('played-samples');
  const [truncate] = await loggedFrames(page, 'conversation.item.truncate');
  const heardMs = truncate?.audio_end_ms as number;
  expect(heardMs).toBeGreaterThan(500);
  expect(heardMs).toBeLessThanOrEqual(playedSamples / 24);
  expect(await captions.locator('[data-truncated-at-ms]').first().getAttribute('data-truncated-at-ms')).toBe(
    String(heardMs),
  );
  await eventually(() => loggedFrames(page, 'conversation.item.truncated')).toMatchObject([{ audio_end_ms: heardMs }]);
  await page.getByLabel('Filter events by text').fill('');

  // The second sentence is answered.
  await captions.locator(reply).nth(1).waitFor();
  await eventually(() => count('played-samples')).toBeGreaterThan(playedSamples + 24_000);
  await page.locator('[data-turn="2"] .turn-share').waitFor();
  const stages = page.locator('[data-turn="2"] [data-stage]');
  expect(await stages.evaluateAll((all) => all.map((stage) => stage.getAttribute('data-stage')))).toEqual([
    'noticed',
    'answered',
    'buffered',
  ]);
  expect(await page.locator('[data-measure="heard"]').textContent()).toMatch(/\d+ ms\d+ ms2$/);
  expect(await page.locator('.gateway-share').textContent()).toMatch(/µs|ms/);
  await screenshot('console-light');

  await page.getByRole('button', { name: 'End session' }).click();
  await phase('closed');
  expect(await page.locator('.notice').count()).toBe(0);
  expect(faults).toEqual([]);
});

test('a recording talks with one click and interrupts with another one, without a microphone', {
  timeout: voiceMs,
}, async () => {
  const bare = await launchChromium();
  onTestFinished(() => bare.close());
  const { page, faults, count, phase, screenshot, close } = await openConsole(bare, gateway.origin, {
    colorScheme: 'dark',
  });
  onTestFinished(close);
  await page.getByRole('button', { name: 'Try it with a recording' }).click();
  await phase('ready');
  await page.locator(reply).first().waitFor();
  expect(await count('sent-samples')).toBeGreaterThan(3 * 24_000);
  await eventually(() => count('played-samples')).toBeGreaterThan(12_000);
  await page.getByRole('button', { name: 'Play sample' }).click();
  await page.locator('[data-truncated-at-ms]').waitFor();
  await screenshot('console-dark');
  expect(faults).toEqual([]);
});

test('push-to-talk is operated with the keyboard alone', { timeout: voiceMs }, async () => {
  const { page, faults, count, phase } = await open();
  const press = async (key: string, isThere: string) => {
    for (let i = 0; i < 30 && (await page.locator(isThere).count()) === 0; i++) await page.keyboard.press(key);
    expect(await page.locator(isThere).count()).toBe(1);
  };
  await press('Tab', 'input[name="turn-taking"]:focus');
  await page.keyboard.press('ArrowRight');
  await page.locator('input[value="manual"]:checked').waitFor();
  await press('Tab', 'button[type="submit"]:focus-visible');
  const outline = (selector: string) =>
    page.locator(selector).evaluate((element) => getComputedStyle(element).outlineStyle);
  expect(await outline('button[type="submit"]:focus')).toBe('solid');
  await page.keyboard.press('Space');
  await phase('ready');

  // The focus has moved to push-to-talk: the same key now talks.
  await page.locator('[data-hold-to-talk]:focus-visible').waitFor();
  expect(await count('sent-samples')).toBe(0);
  await page.keyboard.down('Space');
  await page.locator('[data-talking="true"]').waitFor();
  await eventually(() => count('sent-samples')).toBeGreaterThan(24_000);
  await page.keyboard.up('Space');
  await page.locator(reply).waitFor();
  await eventually(() => count('played-samples')).toBeGreaterThan(24_000);

  // Talking again interrupts: a cancel, then a truncate.
  const sent = await count('sent-samples');
  await page.keyboard.down('Space');
  await eventually(() => count('sent-samples')).toBeGreaterThan(sent + 12_000);
  await page.keyboard.up('Space');
  await page.locator('[data-truncated-at-ms]').waitFor();
  await page.locator(reply).nth(1).waitFor();
  expect(await loggedFrames(page, 'input_audio_buffer.commit')).toHaveLength(2);
  expect(await loggedFrames(page, 'conversation.item.truncate')).toHaveLength(1);
  expect(faults).toEqual([]);
});

describe('text', () => {
  test.each(['OpenAI Realtime, text', 'OpenAI Responses, text'])('a reply streams in %s', async (dialect) => {
    const { page, faults, phase } = await open();
    await page.getByLabel('Dialect').selectOption(dialect);
    await page.getByRole('button', { name: 'Start session' }).last().click();
    await phase('ready');
    await page.locator('#message:focus').waitFor();
    const growing = await watchTexts(page, '.caption-provider .caption-text');
    await page.keyboard.type('Good morning');
    await page.keyboard.press('Enter');
    await page.locator(reply).waitFor();
    expect(await page.locator(reply).textContent()).toContain('You wrote: Good morning');
    expect((await loggedFrames(page, 'response.output_text.delta')).length).toBeGreaterThan(3);
    // A busy machine draws fewer steps than there are deltas.
    expect((await growing()).length).toBeGreaterThan(1);
    expect(await page.locator('[data-measure="text"]').textContent()).toMatch(/ms/);
    expect(faults).toEqual([]);
  });

  test('the example function is answered by the page', async () => {
    const { page, phase } = await open();
    await page.getByLabel('Dialect').selectOption('OpenAI Responses, text');
    await page.getByText('Instructions, voice, tools').click();
    await page.getByLabel('Offer an example function').check();
    await page.getByRole('button', { name: 'Start session' }).last().click();
    await phase('ready');
    await page.getByLabel('Message').fill('What time is it? Call get_local_time.');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('.caption-tool').waitFor();
    await page.locator(reply).waitFor();
    expect(await page.locator(reply).textContent()).toContain('get_local_time answered');
  });
});

test('a written message interrupts a spoken turn of Gemini Live over binary frames', { timeout: voiceMs }, async () => {
  const { page, faults, count, phase } = await open();
  await page.getByLabel('Dialect').selectOption('Gemini Live, voice');
  await page.getByText('Samples only').click();
  await page.getByRole('button', { name: 'Start talking' }).last().click();
  await phase('ready');
  await page.getByRole('button', { name: 'Play sample' }).click();
  await page.locator('.caption-provider').waitFor();
  // The caller's words stand before the answer, though they may come after it.
  await eventually(() => page.locator('.caption').first().getAttribute('data-side')).toBe('you');
  await eventually(() => count('played-samples')).toBeGreaterThan(24_000);
  await page.getByLabel('Message').fill('hello');
  await page.keyboard.press('Enter');
  await page.locator('[data-truncated-at-ms]').waitFor();
  await eventually(() => page.locator('.caption-provider').last().textContent()).toContain('You wrote: hello');
  await eventually(() => page.locator('.turn[data-turn]').count()).toBe(2);
  await page.locator('[data-turn="2"][data-outcome="completed"]').waitFor();
  expect(faults).toEqual([]);
});

test('the event log filters, opens frames, shows audio only when it is asked for, and is saved without it', {
  timeout: voiceMs,
}, async () => {
  const { page, count, phase } = await open();
  await page.getByText('Samples only').click();
  await page.getByRole('button', { name: 'Start talking' }).last().click();
  await phase('ready');
  await page.getByRole('button', { name: 'Play sample' }).click();
  await eventually(() => count('sent-samples')).toBeGreaterThan(3 * 24_000);
  await page.getByRole('button', { name: 'End session' }).click();
  await phase('closed');
  const append = page.locator('.events [data-type="input_audio_buffer.append"]');
  expect(await append.count()).toBe(0);
  await page.getByLabel('audio frames').check();
  await append.first().waitFor();

  await page.getByLabel('Direction').selectOption('to provider');
  expect(await page.locator('.events [data-direction="downstream"]').count()).toBe(0);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export JSONL' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^trunkline-events-.*\.jsonl$/);
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\n');
  const frames = lines.map(
    (line) => JSON.parse(line) as { type: string; direction: string; frame: { audio?: string } },
  );
  expect(frames[0]).toMatchObject({ type: 'session.update', direction: 'upstream' });
  const sounds = frames.filter(({ type }) => type === 'input_audio_buffer.append');
  expect(sounds.length).toBeGreaterThan(70);
  expect(sounds.map(({ frame }) => frame.audio)).toEqual(sounds.map(() => '(2560 base64 characters)'));
});

describe('when something is wrong', () => {
  test('a gateway that asks for keys refuses a wrong one in words, and takes the right one', {
    timeout: voiceMs,
  }, async () => {
    const locked = await startCommand({ keys: [{ id: 'demo', secret: 'demo-secret' }], rehearsal: true });
    onTestFinished(() => locked.close());
    const { page, phase, close } = await openConsole(browser, locked.origin);
    onTestFinished(close);
    await page.getByLabel('Dialect').selectOption('OpenAI Realtime, text');
    await page.getByLabel('Gateway key').fill('wrong-secret');
    await page.getByRole('button', { name: 'Start session' }).last().click();
    await phase('closed');
    await page.getByText('The session was refused').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('Check the key.');

    await page.getByLabel('Gateway key').fill('demo-secret');
    await page.getByRole('button', { name: 'Start session' }).last().click();
    await phase('ready');
    await page.getByLabel('Message').fill('hello');
    await page.keyboard.press('Enter');
    await page.locator('.turn-share').waitFor();
  });

  test('a microphone that is denied or missing leaves a session with samples and text', async () => {
    const bare = await launchChromium();
    onTestFinished(() => bare.close());
    const { page, faults, phase, close } = await openConsole(bare, gateway.origin);
    onTestFinished(close);
    await page.getByRole('button', { name: 'Start talking' }).last().click();
    await phase('ready');
    expect(await page.getByRole('alert').textContent()).toMatch(/microphone.*sample recording/is);
    await page.getByRole('button', { name: 'Turn microphone on' }).waitFor();
    expect(faults).toEqual([]);
  });
});

test('colours follow the system until another choice is made, which is remembered', async () => {
  const { page } = await open({ colorScheme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await ground();
  expect(light).not.toBe(dark);
  await page.getByLabel('dark').check({ force: true });
  expect(await ground()).toBe(dark);
  await page.reload();
  expect(await ground()).toBe(dark);
});

test.each([
  [390, 844],
  [1024, 768],
])('nothing is cut off on a screen of %d by %d', async (width, height) => {
  const { page, phase } = await open({ viewport: { width, height } });
  await page.getByLabel('Dialect').selectOption('OpenAI Realtime, text');
  await page.getByRole('button', { name: 'Start session' }).last().click();
  await phase('ready');
  await page.getByLabel('Message').fill('hello');
  await page.keyboard.press('Enter');
  await page.locator('.turn-share').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
});
