// How the tests run. The default leaves one core to the servers and browsers that they start: keep it.

import { defineConfig } from 'vitest/config';

/** Suites that keep nothing between tests share their modules: loading them anew for each file is a third of their time. */
const SHARED = ['test/{codecs,adapters,bench}/**/*.test.ts'];
const limits = { testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      { test: { ...limits, name: 'shared', include: SHARED, isolate: false } },
      { test: { ...limits, name: 'own', include: ['test/**/*.test.ts'], exclude: SHARED } },
    ],
  },
});
