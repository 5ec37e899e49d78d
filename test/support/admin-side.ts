// A side path for the tests of the admin listener, in this process, on a socket of its own.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../server/config/load.ts';
import type { SideHandler } from '../../server/ipc/side-request.ts';
import { serveAdmin } from '../../server/side/http/admin.ts';
import type { ForwardContext } from '../../server/side/http/public/forward.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Answers until the test is over. Returns where it listens, as the admin listener asks for it. */
export async function adminSide(
  answer: SideHandler,
  { find = async () => undefined, config = loadConfig({ env: {} }) }: Partial<Omit<ForwardContext, 'answer'>> = {},
): Promise<{ sideSocket(): string }> {
  const path = join(temporaryFolder('admin'), 's');
  const { close } = await serveAdmin(path, { answer, find, config });
  onTestFinished(close);
  return { sideSocket: () => path };
}

/** Sources of an admin listener whose configuration stays as it is. */
export const unchanging = {
  details: () => ({ phase: 'serving', processes: [], accounts: [] }),
  inForce: () => ({ hash: '', since: '', needsRestart: [], behind: [] }),
  upstreams: () => loadConfig({ env: {} }),
  reload: () => Promise.reject(new Error('nothing is read again here')),
  restart: () => Promise.reject(new Error('nothing is started here')),
};
