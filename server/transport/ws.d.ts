// An option of ws 8.23 that its published types do not have yet.

import type { IncomingMessage } from 'node:http';

declare module 'ws' {
  namespace WebSocket {
    interface ClientOptions {
      /** Milliseconds to wait for the answer to a close before the socket is destroyed. */
      closeTimeout?: number;
    }
    interface ServerOptions<U extends typeof WebSocket.WebSocket, V extends typeof IncomingMessage> {
      closeTimeout?: number;
    }
  }
}
