// How the tests run: in groups, one after the other, with more workers than two cores would feed: most suites wait more than they compute.

import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Pages in a browser, which play sound at its own speed, beside suites that only compute: the servers keep a core for themselves. */
const PAGES = ['test/server/console/**/*.test.ts', 'test/{codecs,adapters,docs}/**/*.test.ts', 'test/*.test.ts'];
/** Suites that measure a process as a whole: nothing else runs beside them. */
const ALONE = [
  'test/server/gateway/{churn,memory}.test.ts',
  'test/server/platform/{uuid-v7,times/event-loop-lag}.test.ts',
];
/** Suites with SDKs that are not installed with the others, since they are heavy. `npm run test:sdks` installs them. */
const HEAVY = 'test/sdk/providers';
const isInstalled = existsSync(new URL(`${HEAVY}/node_modules`, import.meta.url));
if (!isInstalled) console.warn(`${HEAVY}: not run, the SDKs are not installed; npm run test:sdks does both`);
const absent = ['**/node_modules/**', ...(isInstalled ? [] : [`${HEAVY}/**`])];
const all = ['test/**/*.test.ts'];

/** Time that only what hangs takes: that a machine is busy is no fault. */
const LONGEST_MS = 180_000;
/** A busy machine takes longer than the second that is waited for elsewhere. */
const expect = { poll: { timeout: 20_000 } };

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      group('pages', { groupOrder: 0, maxWorkers: 2, include: PAGES }),
      group('rest', { groupOrder: 1, maxWorkers: 4, include: all, exclude: [...PAGES, ...ALONE, ...absent] }),
      group('alone', { groupOrder: 2, maxWorkers: 1, include: ALONE, isolate: true }),
    ],
  },
});

interface Group {
  readonly groupOrder: number;
  readonly maxWorkers: number;
  readonly include: string[];
  readonly exclude?: string[];
  readonly isolate?: boolean;
}

/** Suites share the modules of their worker: to load them anew for each would be a third of the time. */
function group(name: string, { groupOrder, isolate = false, ...more }: Group) {
  return {
    test: {
      name,
      isolate,
      sequence: { groupOrder },
      testTimeout: LONGEST_MS,
      hookTimeout: LONGEST_MS,
      expect,
      ...more,
    },
  };
}
