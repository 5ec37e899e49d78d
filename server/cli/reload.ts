// The command `trunkline reload`: asks the gateway that runs to read its configuration anew, and says what came of it.

import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/problem.ts';
import { isRunning, readRun } from '../ipc/run-file.ts';
import type { WholeReply } from '../ipc/side-request.ts';
import type { Reloaded } from '../processes/reload/reload.ts';
import { gatewaySource } from './admin-api.ts';

interface ReloadCommand {
  readonly dataDirectory: string;
  /** Reads the configuration for its token. It may be wrong, or differ from that of the gateway, so it is read only where one is needed. */
  load(): Config;
}

/** Yields the text to print. Throws a ConfigError where the configuration is refused. */
export async function* reloadGateway(command: ReloadCommand): AsyncIterable<string> {
  const { status, text } = await ask(command);
  const answer = JSON.parse(text) as Reloaded & { readonly problems?: readonly string[]; readonly error?: Message };
  if (answer.problems !== undefined) throw new ConfigError(answer.problems.map((message) => ({ path: '', message })));
  if (status >= 300) throw new Error(answer.error?.message ?? `the answer was ${status}`);
  const { hash, since, changed, needsRestart, warnings, behind } = answer;
  yield changed.length === 0
    ? `nothing has changed: ${hash} is in force since ${since}\n`
    : `${hash} is in force; changed: ${changed.join(', ')}\n`;
  if (needsRestart.length > 0) yield `needs a restart: ${needsRestart.join(', ')}\n`;
  for (const warning of warnings) yield `warning: ${warning}\n`;
  if (behind.length > 0) throw new Error(`processes that do not have it yet: ${behind.join(', ')}`);
}

interface Message {
  readonly message: string;
}

async function ask({ dataDirectory, load }: ReloadCommand): Promise<WholeReply> {
  const run = readRun(dataDirectory);
  if (run === undefined || !isRunning(run)) throw new Error(`no gateway runs with the data directory ${dataDirectory}`);
  const source = gatewaySource(run, () => load().admin.token);
  return source.request({ method: 'POST', path: '/reload', query: {}, body: undefined });
}
