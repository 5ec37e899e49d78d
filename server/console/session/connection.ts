// One connection to the gateway, independent of the page: a state machine around a WebSocket and the client of a dialect.
// The state changes only in `#enter`; every frame is shown to `onFrame` before anything acts on it.

import { isObject, parseJson } from '../../../codecs/json/object.ts';
import type { DialectClient, DialectMessage, Outgoing, ViewEvent } from '../dialects/dialect.ts';

export type ConnectionState =
  | { readonly name: 'connecting' }
  /** The socket is open; the provider has not accepted the settings yet. */
  | { readonly name: 'preparing' }
  | { readonly name: 'ready' }
  | { readonly name: 'closing' }
  | { readonly name: 'closed'; readonly code: number; readonly reason: string; readonly opened: boolean };

/** The part of the browser's WebSocket that a connection uses. */
export interface PageSocket {
  binaryType: BinaryType;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export interface LoggedFrame {
  readonly direction: 'upstream' | 'downstream';
  readonly text: string;
  readonly bytes: number;
  readonly binary: boolean;
  /** Monotonic milliseconds, of receipt or of sending. */
  readonly at: number;
}

interface ConnectionOptions {
  readonly socket: PageSocket;
  readonly client: DialectClient;
  now(): number;
  onState(state: ConnectionState): void;
  /** `message`: undefined when the frame is no JSON object. */
  onFrame(frame: LoggedFrame, message: DialectMessage | undefined): void;
  onEvent(event: ViewEvent, at: number): void;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class GatewayConnection {
  #state: ConnectionState = { name: 'connecting' };
  readonly #options: ConnectionOptions;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { socket, client } = options;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#enter({ name: 'preparing' });
      this.send(() => client.open?.());
      // A dialect without settings has nothing to wait for.
      if (client.open === undefined) this.#enter({ name: 'ready' });
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => {
      const opened = this.#state.name !== 'connecting';
      this.#enter({ name: 'closed', code: event.code, reason: event.reason, opened });
    };
  }

  /** Sends what the client of the dialect returns, each message with its time of sending. Sends nothing unless the socket is open. */
  send(messagesOf: (client: DialectClient) => Outgoing | undefined): void {
    const messages = messagesOf(this.#options.client) ?? [];
    if (this.#state.name !== 'preparing' && this.#state.name !== 'ready') return;
    for (const message of messages) {
      const text = JSON.stringify(message);
      const at = this.#options.now();
      this.#options.socket.send(text);
      const bytes = byteLength(text);
      this.#options.onFrame({ direction: 'upstream', text, bytes, binary: false, at }, message);
    }
  }

  end(): void {
    if (this.#state.name === 'closed' || this.#state.name === 'closing') return;
    this.#enter({ name: 'closing' });
    this.#options.socket.close(1000, 'OK');
  }

  #receive(data: unknown): void {
    const at = this.#options.now();
    const binary = data instanceof ArrayBuffer;
    const text = binary ? decoder.decode(data) : String(data);
    const bytes = binary ? data.byteLength : byteLength(text);
    const parsed = parseJson(text);
    const message = isObject(parsed) ? parsed : undefined;
    this.#options.onFrame({ direction: 'downstream', text, bytes, binary, at }, message);
    if (message === undefined) return;
    const { events, send } = this.#options.client.read(message);
    for (const event of events) {
      if (event.kind === 'ready') this.#enter({ name: 'ready' });
      this.#options.onEvent(event, at);
    }
    this.send(() => send);
  }

  #enter(next: ConnectionState): void {
    if (this.#state.name === 'closed') return;
    if (this.#state.name === 'closing' && next.name !== 'closed') return;
    this.#state = next;
    this.#options.onState(next);
  }
}

function byteLength(text: string): number {
  // Nearly every frame is ASCII; measuring the others costs a copy.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : encoder.encode(text).byteLength;
}
