// One connection to the gateway, independent of the page: a state machine around a WebSocket and a dialog.
// The state changes only in `enter`; every frame is shown to `onFrame` before anything acts on it.

import type { Dialog, Message, ViewEvent } from '../dialects/dialect.ts';

export type SessionState =
  | { readonly name: 'connecting' }
  /** The socket is open; the provider has not accepted the settings yet. */
  | { readonly name: 'preparing' }
  | { readonly name: 'ready' }
  | { readonly name: 'closing' }
  | { readonly name: 'closed'; readonly code: number; readonly reason: string; readonly opened: boolean };

/** The part of the browser's WebSocket that a session uses. */
export interface Socket {
  binaryType: BinaryType;
  readonly bufferedAmount: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onerror: ((event: Event) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export interface WireFrame {
  readonly direction: 'upstream' | 'downstream';
  readonly text: string;
  readonly bytes: number;
  readonly binary: boolean;
  /** Monotonic milliseconds, of receipt or of sending. */
  readonly at: number;
}

export interface SessionHandlers {
  onState(state: SessionState): void;
  onFrame(frame: WireFrame, message: Message | undefined): void;
  onEvent(event: ViewEvent, at: number): void;
}

export interface SessionOptions extends SessionHandlers {
  readonly socket: Socket;
  readonly dialog: Dialog;
  now(): number;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class Session {
  #state: SessionState = { name: 'connecting' };
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { socket, dialog } = options;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#enter({ name: 'preparing' });
      const first = dialog.open();
      this.send(first);
      // A dialect without settings has nothing to wait for.
      if (first.length === 0) this.#enter({ name: 'ready' });
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => {
      const opened = this.#state.name !== 'connecting';
      this.#enter({ name: 'closed', code: event.code, reason: event.reason, opened });
    };
  }

  get state(): SessionState {
    return this.#state;
  }

  get dialog(): Dialog {
    return this.#options.dialog;
  }

  /** Sends messages in order, with one time of sending each; nothing is sent unless the socket is open. */
  send(messages: readonly Message[]): void {
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
    const message = parse(text);
    this.#options.onFrame({ direction: 'downstream', text, bytes, binary, at }, message);
    if (message === undefined) return;
    const { events, send } = this.#options.dialog.read(message);
    for (const event of events) {
      if (event.kind === 'ready') this.#enter({ name: 'ready' });
      this.#options.onEvent(event, at);
    }
    this.send(send);
  }

  #enter(next: SessionState): void {
    if (this.#state.name === 'closed') return;
    if (this.#state.name === 'closing' && next.name !== 'closed') return;
    this.#state = next;
    this.#options.onState(next);
  }
}

function byteLength(text: string): number {
  // Nearly every frame is ASCII; measuring the rest costs a copy.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : encoder.encode(text).byteLength;
}

function parse(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}
