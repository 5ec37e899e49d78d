// The unit that everything passes on: one WebSocket message. Its bytes are never changed on the way.

/** One WebSocket message: its payload, its opcode, and when it was received (monotonic milliseconds, `performance.now()`). */
export type Frame = { readonly data: Buffer; readonly binary: boolean; readonly at: number };

/** Upstream is toward the provider, downstream is toward the client. */
export type Direction = 'upstream' | 'downstream';

/** `both[direction]`, for every frame: a key that varies costs V8 a lookup by hash. */
export function inDirection<T>(both: Readonly<Record<Direction, T>>, direction: Direction): T {
  return direction === 'upstream' ? both.upstream : both.downstream;
}
