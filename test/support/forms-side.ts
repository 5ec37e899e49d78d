// A gateway over a scripted endpoint that is asked in several forms, for the tests of what clients of other forms get.

import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { loadConfig } from '../../server/config/load.ts';
import { createPrices } from '../../server/side/billing/prices.ts';
import { createRouter, type LiveRouter } from '../../server/side/llm/router.ts';
import { type MakeStep, withSteps } from '../../server/side/llm/steps/steps.ts';
import { configFile } from './config-file.ts';
import { memoryStore } from './memory-store.ts';
import { startSideHttp } from './side-http.ts';

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into bodies as it likes
  readonly body: any;
}

/** An object is JSON; a list is the `data` of events; a text is sent as it is, as a stream of events. */
export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object | readonly object[] | string;
  /** The answer waits until this has settled. */
  readonly after?: Promise<unknown>;
}

export type Script = (asked: Asked) => Scripted;

/** An endpoint that answers by a script, which may change. */
async function startEndpoint() {
  let script: Script = () => ({ status: 500, body: {} });
  const seen: Asked[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const asked = {
      path: request.url ?? '',
      headers: request.headers,
      body: JSON.parse(Buffer.concat(pieces).toString()),
    };
    seen.push(asked);
    const { status = 200, headers = {}, body, after } = script(asked);
    await after;
    const isStream = typeof body === 'string' || Array.isArray(body);
    const type = isStream ? 'text/event-stream' : 'application/json';
    response.writeHead(status, { 'content-type': type, ...headers });
    const events = Array.isArray(body) ? body.map((data) => `data: ${JSON.stringify(data)}\n\n`).join('') : body;
    response.end(isStream ? events : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    script(next: Script) {
      script = next;
      seen.length = 0;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** `more`: the rest of the configuration, or what makes it of the settings of the gateways. Its gateways are `anthropic`, `gemini`, `openai` and `chat` (openai-compatible), all at the scripted endpoint. `makers`: steps of classes. */
type FileOf = (gateways: Readonly<Record<string, object>>) => Record<string, unknown>;

export async function startForms(more: Record<string, unknown> | FileOf = {}, makers: readonly MakeStep[] = []) {
  const endpoint = await startEndpoint();
  const at = (profile: string) => ({ profile, baseUrl: `${endpoint.url}/v1`, apiKey: 'upstream', allowPrivate: true });
  const gateways = {
    anthropic: at('anthropic'),
    gemini: at('gemini'),
    openai: at('openai'),
    chat: at('openai-compatible'),
  };
  const { gateways: others = {}, ...file } = typeof more === 'function' ? more(gateways) : more;
  const written = {
    gateways: { ...gateways, ...(others as object) },
    keys: [{ id: 'app', secret: 'app-secret' }],
    ...file,
  };
  const config = loadConfig({ file: configFile(written), env: {} });
  const store = memoryStore();
  const log = pino({ level: 'silent' });
  const prices = createPrices(config.prices);
  const plain = createRouter({ config, store, prices, rehearsalUrl: () => undefined, log, closeMs: 1000 });
  const router: LiveRouter = withSteps(plain, {
    classes: config.classes,
    makers,
    run: (...asked) => router.run(...asked),
  });
  const side = await startSideHttp({ file: written, router });
  return {
    ...side,
    store,
    seen: endpoint.seen,
    script: endpoint.script,
    async close() {
      await side.close();
      await router.close();
      endpoint.close();
    },
  };
}
