// The WebSocket server of clients: every limit set, no extension, and a 101 that never repeats a credential.

import type { IncomingMessage } from 'node:http';
import { WebSocketServer } from 'ws';
import type { Admitted } from './admit.ts';
import type { Limits } from './config.ts';

/** Upgrades what was admitted; `admitted` is asked for each request. */
export function createUpgrader(limits: Limits, admitted: WeakMap<IncomingMessage, Admitted>): WebSocketServer {
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.clientMaxPayloadBytes,
    maxFragments: limits.maxFragments,
    maxBufferedChunks: limits.maxBufferedChunks,
    closeTimeout: limits.closeMs,
    handleProtocols: (_, request) => {
      const client = admitted.get(request);
      return client?.adapter.subprotocol(client.handshake) ?? false;
    },
  });
  upgrader.on('headers', (headers, request) => {
    headers.push(`x-trunkline-session: ${admitted.get(request)?.sessionId}`);
  });
  return upgrader;
}
