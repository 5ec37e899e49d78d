// A large request body on its way to the side process, in chunks. Rule: each is taken before the next one is sent, so that a turn of the
// loop that carries the audio never has more to do than one of them.

import type { Rpc } from './rpc.ts';
import type { SideHandler, SideRequest } from './side-request.ts';

/** A request whose body was sent ahead of it, under this number. */
interface ChunkedRequest extends Omit<SideRequest, 'body'> {
  readonly bodyNumber: number;
}

interface BodyChunk {
  readonly bodyNumber: number;
  readonly chunk: Buffer;
}

/** Copied and written in one turn. */
const CHUNK_BYTES = 128 * 1024;
let lastNumber = 0;

/** Sends a large body ahead, and returns the request to send after it. Rejects when the signal aborts or the side process is gone. */
export async function sendBodyInChunks(
  rpc: Pick<Rpc, 'stream' | 'notify'>,
  request: SideRequest,
  signal: AbortSignal,
): Promise<SideRequest | ChunkedRequest> {
  const { body, ...rest } = request;
  if (body === undefined || Buffer.isBuffer(body)) return request;
  const bodyNumber = ++lastNumber;
  try {
    for (const chunk of chunksOf(body))
      await rpc.stream('bodyChunk', { bodyNumber, chunk } satisfies BodyChunk, { onPart: () => {}, signal });
  } catch (error) {
    rpc.notify('dropBody', bodyNumber);
    throw error;
  }
  return { ...rest, bodyNumber };
}

/** Joins the pieces of the network, up to 64 KiB each, into chunks of up to CHUNK_BYTES. */
function* chunksOf(pieces: readonly Buffer[]): Generator<Buffer> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    if (bytes > 0 && bytes + piece.length > CHUNK_BYTES) {
      yield Buffer.concat(gathered, bytes);
      gathered = [];
      bytes = 0;
    }
    gathered.push(piece);
    bytes += piece.length;
  }
  yield Buffer.concat(gathered, bytes);
}

/** Makes the handlers of one connection to the side process; bodies that are not complete end with the connection. */
export function receiveBodyChunks(answer: SideHandler) {
  const bodies = new Map<number, Buffer[]>();
  const side: SideHandler = (request: SideRequest | ChunkedRequest, emit, signal) => {
    if (!('bodyNumber' in request)) return answer(request, emit, signal);
    const { bodyNumber, ...rest } = request;
    const body = bodies.get(bodyNumber) ?? [];
    bodies.delete(bodyNumber);
    return answer({ ...rest, body }, emit, signal);
  };
  return {
    side,
    bodyChunk({ bodyNumber, chunk }: BodyChunk): void {
      const chunks = bodies.get(bodyNumber) ?? [];
      chunks.push(chunk);
      bodies.set(bodyNumber, chunks);
    },
    dropBody: (bodyNumber: number) => void bodies.delete(bodyNumber),
  };
}
