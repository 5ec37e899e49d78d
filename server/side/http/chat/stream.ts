// A streamed answer on its way to the client of a chat completion. Rule: once a target has answered, the client hears something every few
// seconds, though the model still thinks and another target may yet serve the call.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import type { StreamHead, StreamSink } from '../../llm/call.ts';
import { EVENT_STREAM_HEADERS, type RoutedRequest } from '../handler.ts';

/** Time that a target has for its first content after its 200, before the client gets a head that cannot name who serves. */
const HEAD_WAIT_MS = 1000;
const KEEP_ALIVE = Buffer.from(': keep-alive\n\n');

interface ChatStreamOptions {
  readonly emit: RoutedRequest['emit'];
  /** Longest time without a byte toward the client. */
  readonly keepAliveMs: number;
  /** Those of a head that comes before it is known who serves. */
  readonly headers: Readonly<Record<string, string>>;
  readonly headersOf: (head: StreamHead) => Readonly<Record<string, string>>;
}

export class ChatStream implements StreamSink {
  readonly #options: ChatStreamOptions;
  #timer: NodeJS.Timeout | undefined;
  /** The timer is that between two pieces, no longer that of the head. */
  #isKept = false;
  #hasHead = false;
  #head: StreamHead | undefined;

  constructor(options: ChatStreamOptions) {
    this.#options = options;
  }

  /** The client has its 200: what goes wrong from now on is an event of the stream. */
  get hasHead(): boolean {
    return this.#hasHead;
  }

  /** A target has begun to answer. */
  get hasContent(): boolean {
    return this.#head !== undefined;
  }

  /** The last bytes of an answer that broke off; undefined where none has begun. */
  failed(error: JsonObject): Buffer | undefined {
    return this.#head?.failed?.(error);
  }

  asked(): void {}

  opened(): void {
    this.#timer ??= setTimeout(this.#keepAlive, HEAD_WAIT_MS);
  }

  comment(bytes: Buffer): void {
    if (!this.#hasHead) this.#emitHead(this.#options.headers);
    this.write(bytes);
  }

  /** Names who serves: in the head, or in a comment where the client has that already. */
  begin(head: StreamHead): void {
    this.#head = head;
    const headers = this.#options.headersOf(head);
    if (this.#hasHead) this.#options.emit(Buffer.from(`: ${JSON.stringify(headers)}\n\n`));
    else this.#emitHead(headers);
  }

  write(bytes: Buffer): void {
    this.#options.emit(bytes);
    if (this.#isKept) {
      this.#timer?.refresh();
      return;
    }
    this.#isKept = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#keepAlive, this.#options.keepAliveMs);
  }

  /** Removes the timer. */
  end(): void {
    clearTimeout(this.#timer);
  }

  readonly #keepAlive = (): void => {
    if (!this.#hasHead) this.#emitHead(this.#options.headers);
    this.write(KEEP_ALIVE);
  };

  #emitHead(headers: Readonly<Record<string, string>>): void {
    this.#hasHead = true;
    this.#options.emit({ status: 200, headers: { ...EVENT_STREAM_HEADERS, ...headers } });
  }
}
