// Tests the timer of a silence: it begins anew, and reads what came while the process was busy before it ends.

import { expect, test } from 'vitest';
import { startSilenceTimer } from '../../../../server/platform/times/silence-timer.ts';

/** Keeps the process from everything else. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('what comes while the process is busy is heard before it is called silence', async () => {
  const events: string[] = [];
  await new Promise<void>((resolve) => {
    const timer = startSilenceTimer(20, () => {
      events.push('silent');
      resolve();
    });
    setTimeout(() => {
      events.push('heard');
      timer.heard();
    }, 20);
    block(60);
  });
  expect(events).toEqual(['heard', 'silent']);
});

test('a timer that is cleared calls nobody', async () => {
  let isSilent = false;
  startSilenceTimer(1, () => {
    isSilent = true;
  }).clear();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isSilent).toBe(false);
});
