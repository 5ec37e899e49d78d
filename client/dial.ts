// Opens one WebSocket at the gateway, with the credential among its subprotocols, and finds out why it was refused.

import { meaningOfClose, type SocketClose } from './closes.ts';
import { GatewayProblem, problemOfAnswer } from './problem.ts';

/** A client secret (or a key, where nobody but its owner runs the program), or what fetches a new one for each connection. */
export type Credential = string | (() => string | Promise<string>);

interface SocketOptions {
  readonly url: URL;
  /** Address whose GET is refused as the WebSocket is: `url` itself when not given. */
  readonly asks?: URL;
  /** Finds out why there is no socket; by that GET when not given. */
  readonly explain?: (secret: string) => Promise<GatewayProblem>;
  readonly credential: Credential;
  readonly WebSocket?: typeof WebSocket;
  readonly fetch?: typeof fetch;
  /** Hears of the open socket, ahead of its first message. */
  onOpen(socket: WebSocket): void;
  /** Hears of each message of the open socket. */
  onMessage(data: unknown): void;
  /** Hears of the end of the socket that was open. */
  onClose(close: SocketClose): void;
}

/** Address of a path of the gateway. @throws GatewayProblem where `gateway` is no address, which no repetition changes. */
export function gatewayUrl(gateway: string, path: string): URL {
  if (URL.canParse(path, gateway)) return new URL(path, gateway);
  const message = `gateway: expected an address such as https://gateway.example.com, got ${gateway}`;
  throw new GatewayProblem(message, { status: 400, param: 'gateway' });
}

/** Address of a path of the gateway for a WebSocket. @throws GatewayProblem */
export function socketUrl(gateway: string, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = gatewayUrl(gateway, path);
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** Resolves when the socket is open. @throws GatewayProblem: why there is none; or what `credential` throws. */
export async function openSocket({
  url,
  asks = url,
  credential,
  explain = (secret) => reasonOfRefusal(asks, secret, tools.fetch ?? fetch),
  onOpen,
  onMessage,
  onClose,
  ...tools
}: SocketOptions): Promise<void> {
  const secret = typeof credential === 'string' ? credential : await credential();
  const Socket = tools.WebSocket ?? WebSocket;
  const socket = new Socket(url, protocolsOf(url, secret));
  socket.binaryType = 'arraybuffer';
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let isOpen = false;
  socket.onopen = () => {
    isOpen = true;
    onOpen(socket);
    resolve(true);
  };
  socket.onmessage = ({ data }) => onMessage(data);
  socket.onclose = ({ code, reason }) => (isOpen ? onClose(meaningOfClose(code, reason)) : resolve(false));
  if (!(await promise)) throw await explain(secret);
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** The gateway answers with the first, which is no credential. Deepgram's SDKs name theirs in a way of their own. */
function protocolsOf({ pathname }: URL, secret: string): string[] {
  if (!TOKEN.test(secret))
    throw new GatewayProblem('expected a key that fits into a subprotocol: letters, digits and -._~ alone', {
      status: 400,
    });
  return pathname.startsWith('/v1/agent/') ? ['token', secret] : ['realtime', `bearer.${secret}`];
}

/** Asks with a plain GET, since a WebSocket does not show why it was refused. This uses nothing of a secret up. */
async function reasonOfRefusal(url: URL, secret: string, ask: typeof fetch): Promise<GatewayProblem> {
  const address = new URL(url);
  address.protocol = url.protocol.replace('ws', 'http');
  try {
    const response = await ask(address, { headers: { authorization: `Bearer ${secret}` } });
    if (response.status !== UPGRADE_REQUIRED && !response.ok) return await problemOfAnswer(response);
    await response.body?.cancel();
    return new GatewayProblem('the connection was refused or lost, though the gateway would admit it', { status: 0 });
  } catch (cause) {
    return new GatewayProblem(`the gateway cannot be reached at ${address.origin}`, { status: 0 }, { cause });
  }
}

const UPGRADE_REQUIRED = 426;
