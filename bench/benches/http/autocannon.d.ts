// Types of the part of autocannon that is used; it has none of its own.

declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  export interface Options {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly method?: 'POST';
    readonly body?: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    /** Milliseconds; it looks only so often whether its time is over. */
    readonly sampleInt: number;
  }
  export interface Result {
    /** Seconds that it took, to the hundredth. */
    readonly duration: number;
    /** Connections that failed, and requests without an answer. */
    readonly errors: number;
  }
  /** Emits `response` with the client, the status, the bytes of the answer and its time in milliseconds. */
  export default function autocannon(options: Options): EventEmitter & PromiseLike<Result>;
}
