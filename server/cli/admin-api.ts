// Sends the requests of commands (`tasks`, `keys`, `ledger`) to the admin listener of the running gateway. When no gateway runs, answers them
// in this process from the store. Rule: both ways take the same requests and give the same answers.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '../config/config.ts';
import { ADMIN_TOKEN_VARIABLE, givenAdminToken } from '../config/load.ts';
import { isRunning, type RunInfo, readRun } from '../ipc/run-file.ts';
import { askWhole, type SideRequest, type WholeReply } from '../ipc/side-request.ts';
import { urlHost } from '../platform/private-address.ts';
import { type AskAdmin, OPTIONS, UsageError } from './commands/command.ts';

type Request = Pick<SideRequest, 'method' | 'path' | 'query'> & {
  readonly body: Buffer | undefined;
  /** Time for the answer, where it may take longer than others do. */
  readonly ms?: number;
};

interface Source {
  request(request: Request): Promise<WholeReply>;
  close(): Promise<void>;
}

const ANSWER_MS = 30_000;

/** `mayMake`: a store that does not exist yet is made. */
export async function openAdminApi(config: Config, mayMake: boolean) {
  const run = readRun(config.dataDirectory);
  const { request, close } =
    run && isRunning(run) ? gatewaySource(run, () => config.admin.token) : await storeSource(config, mayMake);
  const ask: AskAdmin = async (method, path, fields = {}) => {
    const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
    const isBody = method !== 'GET' && entries.length > 0;
    const body = isBody ? Buffer.from(JSON.stringify(Object.fromEntries(entries))) : undefined;
    const query = isBody ? {} : Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
    return contentOf(await request({ method, path, query, body }));
  };
  return { ask, close };
}

/** `configured`: reads the token of the configuration, which counts where one is needed and the environment has none. */
export function gatewaySource(run: RunInfo, configured: () => string | undefined): Source {
  const given = givenAdminToken();
  return {
    async request(request) {
      const first = await askGateway(run, request, given);
      if (first.status !== 401) return first;
      const again = given === undefined ? await askGateway(run, request, configured()) : first;
      if (again.status !== 401) return again;
      throw new Error(otherToken(run, given === undefined ? 'the file' : ADMIN_TOKEN_VARIABLE));
    },
    close: async () => {},
  };
}

/** Says what helps where the file was changed and is not in force. */
const otherToken = ({ pid }: RunInfo, place: string): string =>
  `the gateway that runs here has another admin.token than ${place}: set ${ADMIN_TOKEN_VARIABLE} to the one in force, or put the file in force (kill -HUP ${pid})`;

async function askGateway(
  { pid, admin }: RunInfo,
  { method, path, query, body, ms = ANSWER_MS }: Request,
  token: string | undefined,
): Promise<WholeReply> {
  const isAny = admin.host === '0.0.0.0' || admin.host === '::';
  const base = `http://${isAny ? '127.0.0.1' : urlHost(admin.host)}:${admin.port}`;
  const url = `${base}${path.split('/').map(encodeURIComponent).join('/')}?${new URLSearchParams(query)}`;
  const headers = new Headers({ connection: 'close' });
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const signal = AbortSignal.timeout(ms);
  const response = await fetch(url, { method, headers, signal, body: body?.toString() ?? null }).catch(
    (cause: unknown) => {
      throw new Error(`the gateway that runs here (process ${pid}) does not answer on ${base}`, { cause });
    },
  );
  return { status: response.status, text: await response.text() };
}

async function storeSource(config: Config, mayMake: boolean): Promise<Source> {
  const { store: place, dataDirectory } = config;
  if (!mayMake && place.url === 'sqlite' && !existsSync(join(dataDirectory, 'trunkline.db'))) {
    throw new Error(`no gateway runs with the data directory ${dataDirectory}, and it holds no store`);
  }
  const [{ openStore }, { createSideHttp }] = await Promise.all([
    import('../side/store/open.ts'),
    import('../side/http/routes.ts'),
  ]);
  const store = await openStore({ url: place.url, dataDirectory });
  const answer = createSideHttp({ config, store, log: pino({ level: 'silent' }) });
  return {
    request: (request) =>
      askWhole(answer, { ...request, requester: { scope: 'admin' }, headers: {} }, new AbortController().signal),
    close: () => store.close(),
  };
}

function contentOf({ status, text }: WholeReply): unknown {
  if (status < 300) return text === '' ? undefined : JSON.parse(text);
  const message = messageOf(text) ?? `the answer was ${status}`;
  throw status === 400 ? new UsageError(message) : new Error(message);
}

/** Reads the message of an error: a text where it is the admin listener's own, an object where it is the side path's. */
function messageOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: string | { message?: string; field?: string } };
    if (typeof error === 'string') return error;
    if (error?.field === undefined) return error?.message;
    const isOption = OPTIONS.some((option) => option === error.field);
    return `${isOption ? '--' : ''}${error.field}: ${error.message}`;
  } catch {
    return undefined;
  }
}
