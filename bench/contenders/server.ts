// Commands that listen on one port: whether they are here, and how they are started and waited for.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChatEndpoint, Contender, RunningContender } from '../bench.ts';
import { freePort, isListening, outputOf, startCommand, whenReady } from '../machine/processes.ts';

interface VersionOptions {
  /** Option with which it prints its version. */
  readonly flag: string;
  /** Finds the version by the words before it, since some print warnings with other numbers first. */
  readonly pattern: RegExp;
}

/** Presence and version of a command on PATH. A version that is not found in what it prints is `unknown`. */
export function onPath(command: string, { flag, pattern }: VersionOptions): Pick<Contender, 'absent' | 'version'> {
  let printed: string | undefined;
  const output = () => {
    printed ??= outputOf(command, [flag]);
    return printed;
  };
  return {
    absent: () => (output() === undefined ? `no ${command} on PATH` : undefined),
    version: () => pattern.exec(output() ?? '')?.[1] ?? 'unknown',
  };
}

interface ServerOptions {
  readonly args: (port: number) => readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly headers?: RunningContender['headers'];
  /** Chat completions on the same port, with the contender's headers and these. */
  readonly chat?: Partial<Pick<ChatEndpoint, 'headers' | 'model'>> | undefined;
  readonly readyMs?: number;
  /** Clients come over TLS. */
  readonly isTls?: boolean;
}

/** Starts a command that serves everything on a free port of 127.0.0.1. */
export async function startServer(
  command: string,
  { args, env, headers = {}, chat, readyMs, isTls = false }: ServerOptions,
): Promise<RunningContender> {
  const port = await freePort();
  const started = await startCommand(command, args(port), env);
  await whenReady(started, () => isListening(port), readyMs);
  return {
    url: (path) => `${isTls ? 'wss' : 'ws'}://127.0.0.1:${port}${path}`,
    headers,
    ...(chat && { chat: chatAt(port, { ...headers, ...chat.headers }, chat.model) }),
    pids: [started.pid],
    stop: started.stop,
  };
}

export const chatAt = (port: number, headers: ChatEndpoint['headers'], model = 'bench'): ChatEndpoint => ({
  url: `http://127.0.0.1:${port}/v1/chat/completions`,
  headers,
  model,
});

/** Writes a file of the configuration, and gives its path. */
export function fileIn(folder: string, name: string, content: string | object): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
