// The unit that everything passes on: one WebSocket message. Its bytes are never changed on the way.

/** One WebSocket message: its payload, its opcode, and when it was received (monotonic milliseconds, `performance.now()`). */
export type Frame = { readonly data: Buffer; readonly binary: boolean; readonly at: number };

/** Upstream is toward the provider, downstream is toward the client. */
export type Direction = 'upstream' | 'downstream';
