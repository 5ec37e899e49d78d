// One answer that the page reads: what of it came, and what to ask for where its socket was lost. Rule: the page gets every chunk once, in order,
// and a message that may have been sent is not sent twice.

import type { UIMessageChunk } from 'ai';
import { type AnswerFrame, type AskFrame, answerId } from './frames.ts';

interface AnswerEnds {
  /** Hears once that the answer has begun, or that there is none (null). */
  begun(stream: ReadableStream<UIMessageChunk> | null): void;
  failed(error: Error): void;
  /** Hears that the page reads no further. */
  left(): void;
}

/** The next step behind a frame: none, to ask anew, or none ever. */
type Next = 'on' | 'ask' | 'over';

export class ChatAnswer {
  /** The page wants no more of it, and the gateway is still to be told. */
  isAborted = false;
  /** A socket had its frame. */
  wasSent = false;
  readonly #asked: AskFrame;
  readonly #ends: AnswerEnds;
  readonly #stream: ReadableStream<UIMessageChunk>;
  #controller!: ReadableStreamDefaultController<UIMessageChunk>;
  /** The id of its response, from the first chunk on: another page may ask for a newer one in this chat. */
  #response: string | undefined;
  /** The number of the last chunk that the page has. */
  #last = -1;
  /** The request under which the message was sent, which may have arrived. */
  #sentAs: string | undefined;

  constructor(asked: AskFrame, ends: AnswerEnds) {
    this.#asked = asked;
    this.#ends = ends;
    this.#stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => ends.left(),
    });
  }

  /** The frame to send under that id on a socket. A replay has other numbers than the answer itself, and is skipped here as far as the page has it. */
  frame(requestId: string): AskFrame & { readonly requestId: string } {
    const frame = this.#next();
    if (frame.type === 'send') this.#sentAs = requestId;
    return { ...frame, requestId };
  }

  #next(): AskFrame {
    const { id, headers, body } = this.#asked;
    const meant = this.#meant();
    const resume: AskFrame = { type: 'resume', id, headers, body, ...meant };
    if (this.isAborted) return resume;
    if (this.#asked.type === 'resume') return { ...this.#asked, ...meant };
    if (this.#response !== undefined) return { ...resume, lastSequence: this.#last };
    // An answer that no model was asked for is the same again.
    return this.#sentAs !== undefined && this.#last < 0 ? resume : this.#asked;
  }

  #meant(): { responseId?: string; sentAs?: string } {
    if (this.#response !== undefined) return { responseId: this.#response };
    return this.#sentAs === undefined ? {} : { sentAs: this.#sentAs };
  }

  /** Says that the frame was given to a socket. */
  sent(): void {
    this.wasSent = true;
    if (this.#asked.type === 'send') this.#ends.begun(this.#stream);
  }

  take(frame: AnswerFrame): Next {
    switch (frame.type) {
      case 'start':
        this.#ends.begun(this.#stream);
        return 'on';
      case 'no-active':
        return this.#missing();
      case 'chunk':
        return this.#chunk(frame.sequence, frame.chunk);
      case 'end':
        this.close();
        return 'over';
      case 'error':
        this.fail(new Error(frame.errorText ?? 'the gateway ended the answer without saying why'));
        return 'over';
      default:
        return 'on';
    }
  }

  close(): void {
    this.#ends.begun(this.#stream);
    try {
      this.#controller.close();
    } catch {
      // Its reader has left.
    }
  }

  fail(error: Error): void {
    this.#ends.failed(error);
    this.#controller.error(error);
  }

  #chunk(sequence: number, chunk: UIMessageChunk): Next {
    if (sequence <= this.#last) return 'on';
    if (sequence !== this.#last + 1) return 'ask';
    this.#last = sequence;
    this.#response ??= answerId(chunk);
    this.#controller.enqueue(chunk);
    return 'on';
  }

  #missing(): Next {
    if (this.#last >= 0) this.fail(new Error('the gateway has nothing of this answer any more'));
    else if (this.#asked.type === 'resume') this.#ends.begun(null);
    else {
      this.#sentAs = undefined;
      return 'ask';
    }
    return 'over';
  }
}
