// A process of the benchmark: its methods are called, and one of the gateway's own processes can be one.

import { expect, test } from 'vitest';
import { startRpcProcess } from '../../../bench/machine/rpc.ts';
import { entry } from '../../../server/platform/entry.ts';

test('a process of the gateway starts, answers and ends', async () => {
  const rehearsal = startRpcProcess<{ start(options: object): string }>(entry('rehearsal/process'));
  expect(await rehearsal.start({ times: {} })).toMatch(/^ws:\/\/127\.0\.0\.1:\d+/);
  await rehearsal.stop();
  await expect(rehearsal.start({ times: {} })).rejects.toThrow();
});
