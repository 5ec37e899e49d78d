// Shared by the tests with official clients: a gateway started as a newcomer starts it, and the events that a client saw.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { configFile } from './config-file.ts';

const bin = fileURLToPath(new URL('../../server/cli/bin.js', import.meta.url));

/** A gateway in processes of its own. */
export interface ServedGateway {
  /** `http://127.0.0.1:port` */
  readonly http: string;
  /** `ws://127.0.0.1:port` */
  readonly ws: string;
  /** `https://localhost:port` */
  readonly https: string;
  readonly admin: string;
  /** The data directory. */
  readonly data: string;
  /** The variables in the lines that it prints for its clients. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Runs `trunkline serve` on free ports. `config` is the YAML file as data. */
export async function serveGateway(config: Record<string, unknown> = {}): Promise<ServedGateway> {
  const data = mkdtempSync(join(tmpdir(), 'trunkline-data-'));
  const file = configFile({ listen: { port: 0, tlsPort: 0 }, admin: { port: 0 }, ...config });
  const child = spawn(process.execPath, [bin, 'serve', '--config', file, '--data', data], {
    // Nothing of the machine's own: a credential in the environment would configure a provider.
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = await firstOutput(child, 'SSL_CERT_FILE=');
  const run = JSON.parse(readFileSync(join(data, 'run.json'), 'utf8'));
  return {
    http: `http://127.0.0.1:${run.listen.port}`,
    ws: `ws://127.0.0.1:${run.listen.port}`,
    https: `https://localhost:${run.listen.tlsPort}`,
    admin: `http://127.0.0.1:${run.admin.port}`,
    data,
    environment: Object.fromEntries(
      [...printed.matchAll(/^ *([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]),
    ),
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      // Two signals at once may arrive as one.
      const again = setInterval(() => child.kill('SIGTERM'), 100);
      await exited;
      clearInterval(again);
      rmSync(data, { recursive: true });
    },
  };
}

/** Its output, up to the line that has `last` in it. */
async function firstOutput(child: ChildProcess, last: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const read = (chunk: Buffer): void => {
    text += chunk;
    const at = text.indexOf(last);
    if (at >= 0 && text.includes('\n', at)) resolve(text);
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${text}`)));
  return promise;
}

/** Makes this process trust the gateway's certificate, as NODE_EXTRA_CA_CERTS does for one that starts. */
export function trust({ environment }: ServedGateway): void {
  const ca = readFileSync(environment.NODE_EXTRA_CA_CERTS ?? '', 'utf8');
  setDefaultCACertificates([...getCACertificates('default'), ca]);
}

/** TLS in front of a plain provider, with the gateway's own certificate, for clients that dial nothing else. */
export async function startTlsFront(port: number, { data }: ServedGateway) {
  const server = createServer(
    { cert: readFileSync(join(data, 'tls/cert.pem')), key: readFileSync(join(data, 'tls/key.pem')) },
    (client) => {
      const upstream = connect(port, '127.0.0.1');
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
      client.pipe(upstream).pipe(client);
    },
  );
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  return { https: `https://localhost:${address.port}`, close: () => server.close() };
}

/** The events of one client, in order. */
export class Heard<Event extends object> {
  readonly events: Event[] = [];
  /** Rejects when nothing more will come. */
  readonly failed: Promise<never>;
  #read = 0;
  #failure: unknown;
  #reject: (error: unknown) => void = () => {};
  #check: () => void = () => {};

  constructor() {
    this.failed = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.failed.catch(() => {});
  }

  /** To be called with each event as it comes. */
  readonly add = (event: Event): void => {
    this.events.push(event);
    this.#check();
  };

  /** To be called when nothing more will come; pending and later waits reject with it. */
  readonly fail = (error: unknown): void => {
    this.#failure ??= error;
    this.#reject(error);
    this.#check();
  };

  /** The next event that `is` what is waited for; those before it are passed over. */
  next(is: (event: Event) => boolean): Promise<Event> {
    const { promise, resolve, reject } = Promise.withResolvers<Event>();
    const settle = (done: () => void): void => {
      this.#check = () => {};
      done();
    };
    this.#check = () => {
      while (this.#read < this.events.length) {
        const event = this.events[this.#read++] as Event;
        if (is(event)) return settle(() => resolve(event));
      }
      if (this.#failure !== undefined) settle(() => reject(this.#failure));
    };
    this.#check();
    return promise;
  }

  /** The next event of this type. */
  type<Type extends string>(type: Type): Promise<Extract<Event, { type: Type }>> {
    const is = (event: Event) => 'type' in event && event.type === type;
    return this.next(is) as Promise<Extract<Event, { type: Type }>>;
  }
}

/** Fields that hold a random id. */
const ID = /(^|_)id$|Id$|^newHandle$/;
const CLOCK = /^(expires|created|completed)_at$/;

/** The same events for the same conversation: each random id becomes the place where it came first, and clocks go. */
export function normalized(events: readonly object[]): unknown {
  const places = new Map<string, string>();
  const place = (id: string): string => {
    if (!places.has(id)) places.set(id, `id ${places.size}`);
    return places.get(id) as string;
  };
  const text = JSON.stringify(events, (key, value: unknown) => {
    if (CLOCK.test(key)) return typeof value;
    return typeof value === 'string' && (ID.test(key) || places.has(value)) ? place(value) : value;
  });
  return JSON.parse(text);
}

/**
 * The events, each stream of them by itself: where the pieces of two streams (audio, captions, what was heard) fall between each
 * other is a matter of time. `streamOf` names the stream of an event; what has none comes first.
 */
export function byStream<Event extends object>(
  events: readonly Event[],
  streamOf: (event: Event) => string | undefined,
): Event[] {
  const names = [...new Set(events.map(streamOf))].sort((a, b) => (a ?? '').localeCompare(b ?? ''));
  return names.flatMap((name) => events.filter((event) => streamOf(event) === name));
}

/** The streams of OpenAI Realtime. */
export function realtimeStream({ type }: { readonly type: string }): string | undefined {
  if (type.startsWith('conversation.item.input_audio_transcription.')) return 'heard';
  return /^response\.output_audio(_transcript)?\.delta$/.test(type) ? type : undefined;
}
