// Fakes of everything that the console's logic needs from a browser: the test opens, speaks, plays and lets time pass.

import { type ItemPlayed, PlayQueue } from '../../client/playback/play-queue.ts';
import type { GatewayInfo } from '../../server/console/api/gateway.ts';
import type { Microphone, MicrophoneOptions } from '../../server/console/audio/microphone.ts';
import type { Player, PlayerHandlers } from '../../server/console/audio/player.ts';
import type { Recording } from '../../server/console/audio/recording.ts';
import type { DialectMessage } from '../../server/console/dialects/dialect.ts';
import type { PageSocket } from '../../server/console/session/connection.ts';
import { ConsoleController } from '../../server/console/session/controller.ts';
import { initialState } from '../../server/console/state/state.ts';
import { StateStore } from '../../server/console/state/store.ts';

export class FakeSocket implements PageSocket {
  binaryType: BinaryType = 'blob';
  onopen: PageSocket['onopen'] = null;
  onmessage: PageSocket['onmessage'] = null;
  onclose: PageSocket['onclose'] = null;
  readonly sent: DialectMessage[] = [];
  closedWith: readonly [number?, string?] | undefined;

  send(data: string): void {
    this.sent.push(JSON.parse(data) as DialectMessage);
  }

  close(code?: number, reason?: string): void {
    this.closedWith = [code, reason];
  }

  open(): void {
    this.onopen?.({} as Event);
  }

  receive(message: DialectMessage): void {
    this.receiveRaw(JSON.stringify(message));
  }

  receiveRaw(data: string | ArrayBuffer): void {
    this.onmessage?.({ data } as MessageEvent);
  }

  closeFromServer(code: number, reason: string): void {
    this.onclose?.({ code, reason } as CloseEvent);
  }

  sentTypes(): unknown[] {
    return this.sent.map(({ type }) => type);
  }
}

/** A clock that runs when the test says so. */
export class FakeClock {
  #now = 1000;
  readonly #timers = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }

  every(ms: number, run: () => void): () => void {
    this.#timers.set(run, ms);
    return () => this.#timers.delete(run);
  }

  /** Lets time pass in steps of 20 ms, so that timers run in between. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 20) {
      this.#now += 20;
      for (const run of [...this.#timers.keys()]) run();
    }
  }
}

/** A player with the real queue, which plays when `play` is called. */
export class FakePlayer implements Player {
  latencyMs = 0;
  closed = false;
  asides = 0;
  readonly #queue = new PlayQueue(0);
  readonly #handlers: PlayerHandlers;
  readonly #now: () => number;

  constructor(handlers: PlayerHandlers, now: () => number) {
    this.#handlers = handlers;
    this.#now = now;
  }

  peak(): number {
    return 0;
  }

  push(item: string, samples: Int16Array): void {
    this.#queue.push(item, samples);
  }

  finish(): void {
    this.#queue.finish();
  }

  async flush(): Promise<readonly ItemPlayed[]> {
    this.#progress();
    return this.#queue.flush();
  }

  playAside(): () => void {
    this.asides += 1;
    return () => {};
  }

  close(): void {
    this.closed = true;
  }

  play(samples: number): void {
    const { started } = this.#queue.pull(new Float32Array(samples));
    for (const item of started) this.#handlers.onStarted(item, this.#now());
    this.#progress();
  }

  #progress(): void {
    this.#handlers.onProgress({ totalPlayed: this.#queue.totalPlayed, items: this.#queue.itemsPlayed() });
  }
}

export class FakeMicrophone implements Microphone {
  closed = false;
  readonly options: MicrophoneOptions;

  constructor(options: MicrophoneOptions) {
    this.options = options;
  }

  close(): void {
    this.closed = true;
  }

  /** Records one chunk of a loud tone, or of silence. */
  speak(value = 8000): void {
    this.options.onChunk(new Int16Array((this.options.rateHz * 40) / 1000).fill(value));
  }
}

export const rehearsalInfo: GatewayInfo = {
  mode: 'open',
  version: '0.1.0',
  providers: [
    {
      name: 'openai',
      status: 'rehearsal',
      dialects: [
        { name: 'openai-realtime', path: '/v1/realtime' },
        { name: 'openai-responses', path: '/v1/responses' },
      ],
    },
    { name: 'gemini', status: 'rehearsal', dialects: [{ name: 'gemini-live', path: '/ws/gemini' }] },
  ],
};

export interface FakeConsole {
  readonly controller: ConsoleController;
  readonly clock: FakeClock;
  readonly sockets: { readonly url: URL; readonly protocols: readonly string[]; readonly socket: FakeSocket }[];
  readonly microphones: FakeMicrophone[];
  readonly players: FakePlayer[];
  readonly requests: { readonly url: string; readonly headers: Record<string, string> }[];
}

export interface FakeConsoleOptions {
  readonly info?: GatewayInfo;
  /** Answers of the gateway, by the start of the path. */
  readonly replies?: Readonly<Record<string, { status: number; body: unknown }>>;
  openMicrophone?(options: MicrophoneOptions): Promise<Microphone>;
  readonly recording?: Recording;
}

/** Creates a controller with fakes around it. */
export async function fakeConsole(options: FakeConsoleOptions = {}): Promise<FakeConsole> {
  const clock = new FakeClock();
  const fake: Omit<FakeConsole, 'controller'> = { clock, sockets: [], microphones: [], players: [], requests: [] };
  const replies = { '/console.json': { status: 200, body: options.info ?? rehearsalInfo }, ...options.replies };
  const store = new StateStore(initialState, () => {});
  let ids = 0;
  const controller = new ConsoleController(store, {
    origin: 'http://gateway.test:8080',
    clock,
    async fetch(input, init) {
      const url = new URL(String(input), 'http://gateway.test:8080');
      fake.requests.push({ url: url.href, headers: { ...(init?.headers as Record<string, string>) } });
      const reply = Object.entries(replies).find(([path]) => url.pathname.startsWith(path))?.[1];
      return Response.json(reply?.body ?? {}, { status: reply?.status ?? 404 });
    },
    dial(url, protocols) {
      const socket = new FakeSocket();
      fake.sockets.push({ url, protocols, socket });
      return socket;
    },
    async openMicrophone(microphone) {
      if (options.openMicrophone !== undefined) return options.openMicrophone(microphone);
      const opened = new FakeMicrophone(microphone);
      fake.microphones.push(opened);
      return opened;
    },
    async openPlayer(handlers) {
      const player = new FakePlayer(handlers, () => clock.now());
      fake.players.push(player);
      return player;
    },
    listMicrophones: async () => [{ id: 'desk', label: 'Desk microphone' }],
    loadRecording: async () => options.recording ?? { rateHz: 16_000, samples: new Int16Array(16_000).fill(9000) },
    newId: () => `session-${++ids}`,
    date: () => 1_800_000_000_000,
    wait: async () => {},
  });
  await controller.load();
  return { ...fake, controller };
}

/** Lets pending promises settle. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
