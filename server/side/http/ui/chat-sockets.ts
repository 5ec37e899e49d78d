// Accepts WebSockets on /v1/ui/chat, and those on /v1/responses that are routed: who the client is, whether its page may, and how many there may be. Rule: they are closed before the process
// ends, so that pages come back elsewhere and go on with their answers.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import { RESPONSES_PATH } from '../../../http/connection/routed-responses.ts';
import { checkUpgrade, readHandshake } from '../../../http/handshake.ts';
import { checkHost, checkPage } from '../../../http/origin-policy.ts';
import { writeReply } from '../../../http/reply.ts';
import { askedFor } from '../../../http/request/facts.ts';
import { checkRequest } from '../../../http/request/guard.ts';
import { presentedCredential } from '../../../http/request/keys/authenticate.ts';
import { presentedSecret } from '../../../http/request/keys/client-secret.ts';
import type { RequestPolicy } from '../../../http/request/policy.ts';
import type { RefusalLog } from '../../../http/request/refusal/refusal-log.ts';
import { badTarget, isRefusal, refuse, sidePathUnavailable } from '../../../http/request/refusals.ts';
import { REQUEST_ID_HEADER, type RequestSource } from '../../../http/request/source.ts';
import { CACHE_HEADER, FORWARDED_HEADERS } from '../../../ipc/side-request.ts';
import type { RefusalCounts } from '../../../platform/metrics.ts';
import { keyRevoked, reasons } from '../../../session/close-reason.ts';
import type { Runs } from '../../runs/run.ts';
import { type Asker, authenticateAsker, tooManyStreams } from '../public/ask.ts';
import type { SideQuota } from '../public/quota.ts';
import { type ResponsesRuns, ResponsesSocket } from '../responses/socket.ts';
import { type ChatClient, ChatSocket } from './chat-socket.ts';
import { RESPONSES_CAP, type SocketEnd, startLeash } from './leash.ts';
import { PacedSocket } from './paced-socket.ts';

const PATH = '/v1/ui/chat';
/** The path on which an answer is gone on with over HTTP. */
const READING_PATH = `${PATH}/id/stream`;

export interface ChatSocketsContext {
  readonly runs: Pick<Runs, 'start' | 'findChat'>;
  /** Those that sockets of Responses start; undefined: there are none. */
  readonly responses?: ResponsesRuns | undefined;
  readonly quota: SideQuota;
  readonly metrics: Pick<RefusalCounts, 'refused'>;
  readonly logRefusal: RefusalLog;
  policy(): RequestPolicy;
  /** Returns what any new socket is refused with now. */
  busy(): Refusal | undefined;
  failed(error: unknown): void;
}

export interface SocketUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly source: RequestSource;
}

/** An upgrade that may be accepted. */
interface Accepted extends Pick<Asker, 'key' | 'secret'> {
  readonly handshake: Handshake;
  readonly address: string;
  readonly place: Disposable;
}

export class ChatSockets {
  readonly #context: ChatSocketsContext;
  /** Ends of the sockets that are open, each when its process ends. */
  readonly #open = new Set<() => void>();
  #isDraining = false;

  constructor(context: ChatSocketsContext) {
    this.#context = context;
  }

  /** Tells whether such an upgrade is for here. */
  isOurs(request: IncomingMessage): boolean {
    return readHandshake(request)?.path === PATH;
  }

  /** Accepts a WebSocket, or refuses it. */
  async accept(upgrade: SocketUpgrade): Promise<void> {
    const { request, socket, source } = upgrade;
    socket.on('error', () => {});
    try {
      const accepted = await this.#admit(upgrade);
      if (isRefusal(accepted)) return this.#refuse(upgrade, accepted);
      if (socket.destroyed) return accepted.place[Symbol.dispose]();
      this.#shake(upgrade, accepted);
    } catch (error) {
      this.#context.failed(error);
      writeReply(socket, refuse(request, sidePathUnavailable), { [REQUEST_ID_HEADER]: source.requestId });
    }
  }

  /** Closes all sockets: runs of chats go on, and pages resume them at another process; of Responses what is being answered has the time that runs have. */
  drain(): void {
    this.#isDraining = true;
    for (const drain of this.#open) drain();
  }

  async #admit({ request, source }: SocketUpgrade): Promise<Accepted | Refusal> {
    const policy = this.#context.policy();
    const handshake = readHandshake(request);
    if (handshake === undefined) return badTarget;
    const isSecret = presentedSecret({ handshake, policy }) !== undefined;
    const refusal =
      this.#context.busy() ??
      checkRequest(request) ??
      checkHost(request, policy.origins) ??
      (isSecret ? undefined : checkPage(request, policy.origins)) ??
      checkUpgrade(request, handshake.protocols);
    if (refusal !== undefined) return refusal;
    const asker = await authenticateAsker('POST', PATH, { handshake, policy, address: source.address });
    if (isRefusal(asker)) return asker;
    const named = asker.secret?.settings.origins;
    const otherPage = named === undefined ? checkPage(request, policy.origins) : undefined;
    if (otherPage !== undefined) return otherPage;
    const place = this.#context.quota.acquireStream(asker.key?.id);
    const { key, secret } = asker;
    return place === undefined ? tooManyStreams : { key, secret, handshake, address: source.address, place };
  }

  #shake({ request, socket, head }: SocketUpgrade, accepted: Accepted): void {
    const { config } = this.#context.policy();
    const credential = presentedCredential({ handshake: accepted.handshake, policy: this.#context.policy() });
    const server = new WebSocketServer({
      ...{ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: config.side.maxBodyBytes },
      handleProtocols: (offered) => [...offered].find((name) => !isCredential(name, credential)) ?? false,
    });
    server.handleUpgrade(request, socket, head, (webSocket) => this.#serve(webSocket, accepted));
  }

  #serve(webSocket: WebSocket, { key, secret, handshake, address, place }: Accepted): void {
    const policy = this.#context.policy();
    const { limits, side } = policy.config;
    const paced = new PacedSocket(webSocket, { ...limits, maxReplyBytes: side.maxReplyBytes });
    const client = this.#clientOf(key?.id, { handshake, address });
    const { runs, responses } = this.#context;
    const ofResponses = handshake.path === RESPONSES_PATH ? responses : undefined;
    const served =
      ofResponses === undefined
        ? new ChatSocket(paced, runs, client)
        : new ResponsesSocket(paced, client, { runs: ofResponses, maxLength: side.maxBodyBytes });
    const end = ({ client: { code, reason }, words }: SocketEnd): void => {
      if (words !== undefined) served.tell({ status: 400, ...words });
      paced.close(code, reason);
    };
    const cap = ofResponses && RESPONSES_CAP;
    const unleash = startLeash({ handshake, key, terms: secret?.settings, cap }, policy.config, end);
    const keyEnd = key === undefined ? undefined : policy.keys.watchEnd(key.id);
    const drain = (): void => served.drain(() => end(reasons.drained));
    this.#open.add(drain);
    paced.listen({
      take: (text) => served.take(text ?? ''),
      closed: () => {
        this.#open.delete(drain);
        served.closed();
        unleash();
        keyEnd?.[Symbol.dispose]();
        place[Symbol.dispose]();
      },
    });
    keyEnd?.signal.addEventListener('abort', () => end(keyRevoked()));
    if (keyEnd?.signal.aborted) end(keyRevoked());
    if (this.#isDraining) drain();
  }

  #clientOf(account: string | undefined, { handshake, address }: Pick<Accepted, 'handshake' | 'address'>): ChatClient {
    const { quota, metrics, failed, policy } = this.#context;
    const given = FORWARDED_HEADERS.flatMap((name) => {
      const value = handshake.headers[name];
      return typeof value === 'string' && name !== CACHE_HEADER ? [[name, value]] : [];
    });
    return {
      ...{ headers: Object.fromEntries(given), path: handshake.path, failed },
      async requester(method) {
        const path = method === 'GET' ? READING_PATH : PATH;
        const asker = await authenticateAsker(method, path, { handshake, policy: policy(), address });
        return isRefusal(asker) ? asker : asker.requester;
      },
      acquire(bytes) {
        const lease = quota.acquire(account, bytes);
        if (lease === undefined || lease.grow(bytes)) return lease;
        lease[Symbol.dispose]();
        return undefined;
      },
      refused: ({ code, status }) => metrics.refused(code, status),
    };
  }

  #refuse({ request, socket, source }: SocketUpgrade, refusal: Refusal): void {
    const { metrics, logRefusal, policy } = this.#context;
    const { code, status, cause } = refusal;
    metrics.refused(code, status);
    logRefusal({ ...source, ...askedFor(request, policy()), code, status, cause }, 'request refused');
    writeReply(socket, refuse(request, refusal), { [REQUEST_ID_HEADER]: source.requestId });
  }
}

/** A page is told which protocol was chosen, and never its own credential. */
function isCredential(protocol: string, credential: string | undefined): boolean {
  return protocol.startsWith('openai-insecure-api-key.') || (credential !== undefined && protocol.includes(credential));
}
