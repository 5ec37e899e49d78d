// Where commands about the side path get their answers: from the gateway that runs, by its admin listener, or, when none does, from
// the store itself. Both answer the same requests.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '../config/config.ts';
import type { SideReplyHead } from '../ipc/side-request.ts';
import { isAlive, type RunInfo } from '../processes/run-file.ts';
import { UsageError } from './usage-error.ts';

export interface SideSource {
  /** The answer's JSON. Rejects with what was wrong: a UsageError where the arguments were. */
  ask(method: 'GET' | 'POST', path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly text: string;
}
type Request = { readonly method: string; readonly path: string; readonly query: Record<string, string> };

const ANSWER_MS = 30_000;

export async function openSideSource(config: Config): Promise<SideSource> {
  const run = readRun(config.dataDirectory);
  const { request, close } = run === undefined ? await askStore(config) : askGateway(run, config);
  return {
    async ask(method, path, query = {}) {
      const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
      return contentOf(await request({ method, path, query: Object.fromEntries(given) }));
    },
    close,
  };
}

/** Where the gateway of this data directory listens; undefined when none runs. */
function readRun(dataDirectory: string): RunInfo | undefined {
  try {
    const run = JSON.parse(readFileSync(join(dataDirectory, 'run.json'), 'utf8')) as RunInfo;
    return isAlive(run.pid) ? run : undefined;
  } catch {
    return undefined;
  }
}

function askGateway({ pid, admin }: RunInfo, { admin: { token } }: Config) {
  const isAny = admin.host === '0.0.0.0' || admin.host === '::';
  const host = isAny ? '127.0.0.1' : admin.host.includes(':') ? `[${admin.host}]` : admin.host;
  const base = `http://${host}:${admin.port}`;
  return {
    async request({ method, path, query }: Request): Promise<Reply> {
      const url = `${base}${path.split('/').map(encodeURIComponent).join('/')}?${new URLSearchParams(query)}`;
      const headers = { connection: 'close', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
      const signal = AbortSignal.timeout(ANSWER_MS);
      const response = await fetch(url, { method, headers, signal }).catch((cause: unknown) => {
        throw new Error(`the gateway that runs here (process ${pid}) does not answer on ${base}`, { cause });
      });
      return { status: response.status, text: await response.text() };
    },
    close: async () => {},
  };
}

async function askStore(config: Config) {
  const { store: place, dataDirectory } = config;
  if (place.url === 'sqlite' && !existsSync(join(dataDirectory, 'trunkline.db'))) {
    throw new Error(`no gateway runs with the data directory ${dataDirectory}, and it holds no store`);
  }
  const [{ openStore }, { createSideHttp }] = await Promise.all([
    import('../side/store/open.ts'),
    import('../side/http/routes.ts'),
  ]);
  const store = await openStore({ url: place.url, dataDirectory });
  const answer = createSideHttp({ config, store, log: pino({ level: 'silent' }) });
  return {
    async request(request: Request): Promise<Reply> {
      let status = 0;
      const pieces: Buffer[] = [];
      const emit = (part: SideReplyHead | Buffer): void => {
        if (!Buffer.isBuffer(part)) status = part.status;
        const bytes = Buffer.isBuffer(part) ? part : part.body;
        if (bytes !== undefined) pieces.push(bytes);
      };
      const asked = { ...request, requester: { scope: 'admin' }, headers: {}, body: undefined } as const;
      await answer(asked, emit, new AbortController().signal);
      return { status, text: Buffer.concat(pieces).toString() };
    },
    close: () => store.close(),
  };
}

function contentOf({ status, text }: Reply): unknown {
  if (status < 300) return JSON.parse(text);
  const message = messageOf(text) ?? `the answer was ${status}`;
  throw status === 400 ? new UsageError(message) : new Error(message);
}

/** The admin listener's own errors are a text, those of the side path have a code, too. */
function messageOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: string | { message?: string; field?: string } };
    if (typeof error === 'string') return error;
    return error?.field === undefined ? error?.message : `--${error.field}: ${error.message}`;
  } catch {
    return undefined;
  }
}

export type SideOption = 'by' | 'since' | 'until' | 'format' | 'state' | 'key' | 'limit' | 'table';

export interface CommandContext {
  readonly config: Config;
  /** Of a command that names one; '' elsewhere. */
  readonly id: string;
  readonly options: Readonly<Partial<Record<SideOption, string>>>;
  /** Opened when it is asked for, closed when the command is done. */
  source(): Promise<SideSource>;
}

/** Returns what is printed, whole or in pieces. */
export type SideCommand = (told: CommandContext) => Promise<string> | AsyncIterable<string>;
