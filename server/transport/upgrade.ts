// The HTTP side of a WebSocket (RFC 6455, section 4): the 101 that clients get, and the check of the 101 of a provider.

import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { takeRandomBytes } from '../../codecs/websocket/random-bytes.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const acceptOf = (key: string): string => hash('sha1', key + GUID, 'base64');

/** The ends whose sockets a session survives. */
export type Survives = 'provider' | 'client' | 'both';

/** Parts of a 101 beside the key: the subprotocol, the ids of session and request and, where it continues another, what its context was made from. */
interface UpgradeAnswer {
  readonly subprotocol: string | undefined;
  readonly sessionId: string;
  readonly requestId?: string | undefined;
  readonly context?: { readonly from: string } | undefined;
  /** The ends whose sockets it survives. */
  readonly survives?: Survives | undefined;
}

/** Returns the 101 for a client: no extension, and a subprotocol that never repeats a credential. */
export function upgradeReply(key: string, answer: UpgradeAnswer): string {
  const { subprotocol, sessionId, requestId, context, survives } = answer;
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
    `x-trunkline-session: ${sessionId}`,
    ...(requestId === undefined ? [] : [`x-request-id: ${requestId}`]),
    ...(context === undefined ? [] : [`x-trunkline-context: ${context.from}`, `x-trunkline-seeded: ${context.from}`]),
    ...(survives === undefined ? [] : [`x-trunkline-survives: ${survives}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

interface UpgradeRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Tells what is wrong with the headers of a 101; undefined: it is the response to this request. */
  faultIn(answer: IncomingHttpHeaders): string | undefined;
}

/** Makes the headers that ask a provider for a WebSocket, with a new key. */
export function upgradeRequest(protocols: readonly string[]): UpgradeRequest {
  const key = takeRandomBytes(16).toString('base64');
  return {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
      ...(protocols.length > 0 && { 'Sec-WebSocket-Protocol': protocols.join(',') }),
    },
    faultIn(answer) {
      const chosen = answer['sec-websocket-protocol'];
      if (answer.upgrade?.toLowerCase() !== 'websocket') return 'its 101 is not for a WebSocket';
      if (answer['sec-websocket-accept'] !== acceptOf(key)) return 'its 101 is not the answer to this request';
      if (answer['sec-websocket-extensions'] !== undefined) return 'its 101 has an extension that was not asked for';
      if (chosen !== undefined && !protocols.includes(chosen))
        return 'its 101 has a subprotocol that was not asked for';
      if (chosen === undefined && protocols.length > 0)
        return 'its 101 has none of the subprotocols that were asked for';
      return undefined;
    },
  };
}
