// Checks, as an operator meets it, that keys of the store are not passed by because the file has none.

import { expect, test } from 'vitest';
import { configFile } from '../../../support/config-file.ts';
import { runCommand, serve } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function outcome(...args: string[]) {
  const command = runCommand(args);
  const { code } = await command.exited;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}

test('lets nobody in by a file that has lost its keys while the store has some, unless the file says so', async () => {
  const data = temporaryFolder('access');
  const ports = { listen: { port: 0, tlsPort: false }, admin: { port: 0 } };
  const file = configFile(ports);
  const meant = configFile({ ...ports, access: 'keys' });
  const made = await outcome('keys', 'create', 'app', '--config', meant, '--data', data);
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^tlk_/) });
  const { code, stderr } = await outcome('serve', '--config', file, '--data', data);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^access: expected keys or open, got none: .*the store/)]);
  const checked = await outcome('config', 'check', '--online', '--config', file, '--data', data);
  expect(checked).toMatchObject({ code: 1, stdout: expect.stringMatching(/^failed +store: access: expected/m) });
  await (await serve({ access: 'open' }, data)).stop();
});
