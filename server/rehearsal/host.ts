// The rehearsal provider: hosts the simulators of adapters/ on a loopback socket. Rule: any credential is accepted and no web
// page, nothing leaves the machine, and a bad connection never ends the process.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Handshake } from '../../adapters/realtime/contract.ts';
import { findCall } from '../../adapters/realtime/index.ts';
import type { HttpReply } from '../../adapters/realtime/refusal.ts';
import type { SimulatorRoute } from '../../adapters/simulators/contract.ts';
import { llmReplies, notRehearsed, simulatorRoutes } from '../../adapters/simulators/index.ts';
import { loadVoiceDetectors, type VoiceDetectorFactory } from '../../codecs/audio/vad.ts';
import {
  type RehearsalOptions,
  type RehearsalSettings,
  rehearsalSchema,
} from '../config/rehearsal/rehearsal-schema.ts';
import { readHandshake } from '../http/handshake.ts';
import { jsonReply, sendReply, writeReply } from '../http/reply.ts';
import { http } from '../platform/http.ts';
import { RehearsalConnection } from './connection.ts';
import { answerLlmCall } from './llm-calls.ts';
import { Synthesiser } from './speech.ts';

const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

/** Starts a rehearsal provider on a free loopback port. Unknown options are ignored. @throws ZodError for invalid options. */
export async function startRehearsal(options: RehearsalOptions = {}): Promise<RunningRehearsal> {
  const rehearsal = new RunningRehearsal(rehearsalSchema.strip().parse(options), await loadVoiceDetectors());
  await rehearsal.listen();
  return rehearsal;
}

export class RunningRehearsal {
  #options: RehearsalSettings;
  readonly #voiceDetector: VoiceDetectorFactory;
  readonly #synthesiser = new Synthesiser();
  readonly #server = http.createServer((request, response) => this.#answer(request, response));
  readonly #sockets: WebSocketServer;

  constructor(options: RehearsalSettings, voiceDetector: VoiceDetectorFactory) {
    this.#options = options;
    this.#voiceDetector = voiceDetector;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_PAYLOAD_BYTES,
      perMessageDeflate: false,
      autoPong: options.faults.slowPong === undefined,
      handleProtocols: (offered) => (offered.has('realtime') ? 'realtime' : false),
    });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    // An error without a listener would end the process.
    this.#server.on('error', () => {});
  }

  /** Plays by other options to connections from now on. @throws ZodError for invalid options. */
  use(options: RehearsalOptions): void {
    this.#options = rehearsalSchema.strip().parse(options);
    this.#sockets.options.autoPong = this.#options.faults.slowPong === undefined;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `ws://127.0.0.1:port`, without a path. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  connections(): number {
    return this.#sockets.clients.size;
  }

  async listen(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await closed;
    await this.#synthesiser.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { path } = readHandshake(request) ?? NO_PATH;
    const reply = request.method === 'POST' ? llmReplies.get(path) : undefined;
    if (reply !== undefined) return void answerLlmCall(request, response, { reply, times: this.#options.times });
    // There is no media that it could answer an offer with.
    const isOfCall = findCall(request.method ?? '', path) !== undefined;
    sendReply(response, isOfCall ? noMedia : { ...notRehearsed(path), status: 404 });
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const handshake = readHandshake(request) ?? NO_PATH;
    const route = request.headers.origin === undefined ? this.#routeFor(handshake) : originNotAllowed;
    if ('status' in route) {
      writeReply(socket, route);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#open(client, route, handshake));
  }

  /** The route of a handshake, or the answer that refuses it. */
  #routeFor(handshake: Handshake): SimulatorRoute | HttpReply {
    const { refuse } = this.#options.faults;
    if (refuse) {
      const headers = { 'content-type': refuse.contentType, ...refuse.headers };
      return { status: refuse.status, headers, body: refuse.body };
    }
    const route = simulatorRoutes.find(({ path }) => path === handshake.path);
    return route ? (route.refusal(handshake) ?? route) : notRehearsed(handshake.path);
  }

  #open(client: WebSocket, route: SimulatorRoute, handshake: Handshake): void {
    const simulator = route.start({
      handshake,
      options: this.#options,
      voiceDetector: this.#voiceDetector,
      startedAtMs: Date.now(),
    });
    const { faults } = this.#options;
    new RehearsalConnection({ socket: client, simulator, synthesiser: this.#synthesiser, faults }).open();
  }
}

/** The handshake of a request whose target is not a path. */
const NO_PATH: Handshake = { path: '', rawQuery: undefined, query: new URLSearchParams(), headers: {}, protocols: [] };

/** Refuses web pages: any of them can reach a loopback port, and browsers send its origin. The gateway sends no `Origin`. */
const originNotAllowed = jsonReply(403, {
  error: {
    code: 'origin_not_allowed',
    type: 'invalid_request_error',
    message: 'web pages may not dial the rehearsal provider: dial the gateway',
  },
});

const noMedia = jsonReply(501, {
  error: {
    code: 'not_implemented',
    type: 'server_error',
    message:
      'the rehearsal provider has no media, and so no calls by WebRTC or SIP: expected a provider that is configured',
  },
});
