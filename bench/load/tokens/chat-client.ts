// A chat over the WebSocket transport of the AI SDK: asks, and comes back to an answer on another socket.
// https://ai-sdk.dev/docs/reference/ai-sdk-ui/websocket-chat-transport

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';

const OPEN_MS = 15_000;
const text = 'My invoice of last month is wrong. Say in one sentence what I can do.';

interface ChatClient {
  /** The id of the chat that it asked in last. */
  readonly id: string;
  /** Asks in a new chat; `onChunk` takes each frame with a chunk. Rejects with what the gateway says is wrong. */
  ask(onChunk: (frame: string) => unknown): Promise<void>;
  /** Comes back to the answer of a chat. Resolves at its end; rejects when there is none. */
  resume(id: string, onFirst: () => unknown): Promise<void>;
  /** Ends the socket without a word. */
  cut(): void;
}

/** Rejects with the status when the upgrade is refused. `headers` are also those of each frame. */
export async function openChat(url: string, headers: Readonly<Record<string, string>>): Promise<ChatClient> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false, handshakeTimeout: OPEN_MS });
  const refused = once(socket, 'unexpected-response').then(([, { statusCode }]) => {
    throw new Error(`answered with ${statusCode}`);
  });
  await Promise.race([once(socket, 'open'), refused.finally(() => socket.terminate())]);
  refused.catch(() => {});
  socket.on('error', () => {});
  let id = '';

  /** Sends a request, and resolves with its `end`. */
  function request(frame: object, onChunk: (frame: string) => unknown): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const closed = () => reject(new Error('the socket ended'));
    const take = (data: Buffer): void => {
      const message = data.toString();
      if (message.includes('"type":"chunk"')) return void onChunk(message);
      const { type, errorText } = JSON.parse(message) as { readonly type: string; readonly errorText?: string };
      if (type === 'end') resolve();
      else if (type !== 'start') reject(new Error(errorText ?? type));
    };
    socket.on('message', take).on('close', closed);
    socket.send(JSON.stringify({ requestId: randomUUID(), headers, ...frame }));
    return promise.finally(() => socket.off('message', take).off('close', closed));
  }

  return {
    get id() {
      return id;
    },
    ask(onChunk) {
      id = randomUUID();
      const messages = [{ id: randomUUID(), role: 'user', parts: [{ type: 'text', text }] }];
      return request({ type: 'send', id, trigger: 'submit-message', messages, body: {} }, onChunk);
    },
    resume(chat, onFirst) {
      let isFirst = true;
      return request({ type: 'resume', id: chat }, () => {
        if (isFirst) onFirst();
        isFirst = false;
      });
    },
    cut: () => socket.terminate(),
  };
}
