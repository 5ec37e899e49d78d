// The commands `trunkline reload` and `trunkline restart`: ask the gateway that runs to read its configuration anew, or to let a new process serve in its
// place, and say what came of it.

import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/problem.ts';
import { isRunning, readRun } from '../ipc/run-file.ts';
import type { Reloaded } from '../processes/reload/reload.ts';
import type { Restarted } from '../processes/restart/restart.ts';
import { gatewaySource } from './admin-api.ts';

/** A restart may wait for a new process, which has a minute to get ready. */
const ANSWER_MS = 90_000;

interface GatewayCommand {
  readonly dataDirectory: string;
  /** Reads the configuration for its token. It may be wrong, or differ from that of the gateway, so it is read only where one is needed. */
  load(): Config;
}

/** Yields the text to print. Throws a ConfigError where the configuration is refused. */
export async function* reloadGateway(command: GatewayCommand): AsyncIterable<string> {
  const { hash, since, changed, needsRestart, warnings, behind } = await ask<Reloaded>(command, '/reload');
  yield changed.length === 0
    ? `nothing has changed: ${hash} is in force since ${since}\n`
    : `${hash} is in force; changed: ${changed.join(', ')}\n`;
  if (needsRestart.length > 0) yield `needs a restart: ${needsRestart.join(', ')}\n`;
  for (const warning of warnings) yield `warning: ${warning}\n`;
  if (behind.length > 0) throw new Error(`processes that do not have it yet: ${behind.join(', ')}`);
}

/** Yields the text to print, once the new process serves. Throws a ConfigError where that refuses the configuration. */
export async function* restartGateway(command: GatewayCommand): AsyncIterable<string> {
  const { pid, readyMs } = await ask<Restarted>(command, '/restart');
  yield `process ${pid} serves, ready after ${readyMs} ms; live sessions go on in the one before until they end\n`;
}

interface Refused {
  readonly problems?: readonly string[];
  readonly error?: { readonly message: string };
}

async function ask<Answer>({ dataDirectory, load }: GatewayCommand, path: string): Promise<Answer> {
  const run = readRun(dataDirectory);
  if (run === undefined || !isRunning(run)) throw new Error(`no gateway runs with the data directory ${dataDirectory}`);
  const source = gatewaySource(run, () => load().admin.token);
  const { status, text } = await source.request({ method: 'POST', path, query: {}, body: undefined, ms: ANSWER_MS });
  const answer = JSON.parse(text) as Answer & Refused;
  if (answer.problems !== undefined) throw new ConfigError(answer.problems.map((message) => ({ path: '', message })));
  if (status >= 300) throw new Error(answer.error?.message ?? `the answer was ${status}`);
  return answer;
}
