// A large body on its way to the side process: in slices, each taken before the next one is sent, so that no turn of the loop that carries the
// audio has more to do than one of them.

import type { Rpc } from './rpc.ts';
import type { SideHandler, SideRequest } from './side-request.ts';

/** A request whose body was sent ahead of it, under this number. */
interface ChunkedRequest extends Omit<SideRequest, 'body'> {
  readonly bodyNumber: number;
}

interface BodyChunk {
  readonly bodyNumber: number;
  readonly slice: Buffer;
}

/** As much is copied and written in one turn. */
const CHUNK_BYTES = 128 * 1024;
let lastNumber = 0;

/** The request as it crosses: a large body ahead of it, in slices. Rejects when the signal aborts or the side process is gone. */
export async function sendBodyInChunks(
  to: Rpc,
  request: SideRequest,
  signal: AbortSignal,
): Promise<SideRequest | ChunkedRequest> {
  const { body, ...rest } = request;
  if (body === undefined || Buffer.isBuffer(body)) return request;
  lastNumber += 1;
  const bodyNumber = lastNumber;
  try {
    for (const slice of chunksOf(body))
      await to.stream('slice', { bodyNumber, slice } satisfies BodyChunk, () => {}, signal);
  } catch (error) {
    to.notify('dropBody', bodyNumber);
    throw error;
  }
  return { ...rest, bodyNumber };
}

/** Pieces come as the network brought them: up to 64 KiB each. */
function* chunksOf(pieces: readonly Buffer[]): Generator<Buffer> {
  let together: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    if (bytes > 0 && bytes + piece.length > CHUNK_BYTES) {
      yield Buffer.concat(together, bytes);
      together = [];
      bytes = 0;
    }
    together.push(piece);
    bytes += piece.length;
  }
  yield Buffer.concat(together, bytes);
}

/** What the side process offers on one connection, whose end drops what is not complete. */
export function receiveBodyChunks(answer: SideHandler) {
  const open = new Map<number, Buffer[]>();
  const side: SideHandler = (request: SideRequest | ChunkedRequest, emit, signal) => {
    if (!('bodyNumber' in request)) return answer(request, emit, signal);
    const { bodyNumber, ...rest } = request;
    const body = open.get(bodyNumber) ?? [];
    open.delete(bodyNumber);
    return answer({ ...rest, body }, emit, signal);
  };
  return {
    side,
    slice({ bodyNumber, slice }: BodyChunk): void {
      const pieces = open.get(bodyNumber) ?? [];
      pieces.push(slice);
      open.set(bodyNumber, pieces);
    },
    dropBody: (bodyNumber: number) => void open.delete(bodyNumber),
  };
}
