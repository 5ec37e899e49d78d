// The page in Firefox, where one is installed: a call with sound, and a call on a machine without a loudspeaker.

import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RunningGateway, startCommand } from '../../../support/console-page.ts';
import { firefox, hasPulse, openFirefox } from '../../../support/firefox.ts';

if (firefox === undefined) console.warn('Firefox is not tried: neither firefox-esr nor firefox is installed');
else if (!hasPulse) console.warn('Firefox is not tried with sound: pulseaudio is not installed');

let gateway: RunningGateway;
beforeAll(async () => {
  if (firefox !== undefined) gateway = await startCommand();
}, 60_000);
afterAll(() => gateway?.close());

async function open(hasSound: boolean) {
  const page = await openFirefox(gateway.origin, { hasSound });
  onTestFinished(() => page.close());
  const faults = 'globalThis.faults ??= []; addEventListener("error", ({ message }) => faults.push(message)); 1';
  await page.evaluate(faults);
  await page.until(`document.querySelector('.header-facts')?.textContent`);
  const counted = (name: string) => `document.querySelector('main').dataset.${name}`;
  return {
    ...page,
    there: (selector: string) => page.until(`document.querySelector(${JSON.stringify(selector)})?.textContent`),
    count: async (name: string) => Number(await page.evaluate(counted(name))),
    countOver: (name: string, least: number) => page.until(`${counted(name)} > ${least}`),
    press: (label: string) =>
      page.until(
        `[...document.querySelectorAll('main button:enabled')].some((button) =>
          button.textContent.trim() === ${JSON.stringify(label)} && (button.click(), true))`,
      ),
    faults: () => page.evaluate('JSON.stringify(faults)'),
  };
}

const reply = '.caption-provider[data-final="true"]';

test.runIf(firefox && hasPulse)(
  'a call in Firefox hears the caller, and plays the answer',
  {
    timeout: 90_000,
  },
  async () => {
    const { there, countOver, press, evaluate, faults } = await open(true);
    await press('Start talking');
    await there('main[data-phase="ready"]');
    await countOver('sentSamples', 12_000);
    await press('Mute');
    await press('Play sample');
    expect(await there(reply)).toContain('seconds of speech');
    await countOver('playedSamples', 12_000);
    // The speech of the caller interrupts.
    await press('Play sample');
    expect(await there('[data-truncated-at-ms]')).toMatch(/interrupted after [\d.]+ s of sound/);
    expect(await evaluate(`document.querySelector('.notices').textContent`)).toBe('');
    await press('End session');
    await there('main[data-phase="closed"]');
    expect(await faults()).toBe('[]');
  },
);

test.runIf(firefox)(
  'without a loudspeaker Firefox says so, and the call goes on with captions and text',
  {
    timeout: 90_000,
  },
  async () => {
    const { there, press, evaluate, until, count, faults } = await open(false);
    await press('Try it with a recording');
    await there('main[data-phase="ready"]');
    expect(await there('.notice')).toContain('There is no sound here');
    expect(await there(reply)).toContain('seconds of speech');
    const write = `const field = document.querySelector('#message');
    field.value = 'hello'; field.dispatchEvent(new Event('input', { bubbles: true })); 1`;
    await evaluate(`{ ${write} }`);
    await press('Send');
    await until(`document.querySelector('.caption-provider:last-of-type')?.textContent.includes('You wrote: hello')`);
    expect(await count('playedSamples')).toBe(0);
    expect(await faults()).toBe('[]');
  },
);
