// Undoes the content encoding of an answer as it arrives (RFC 9110, section 8.4): some endpoints compress though nobody asked.
// Rule: what comes out is bounded by whoever takes it, since a small answer may become a large one.

import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { LlmFailure } from '../../../../adapters/llm/index.ts';

export interface Decoder {
  push(piece: Buffer): void;
  /** Tells that the last piece has come; `onEnd` follows. */
  end(): void;
  /** Stops at once; nothing is called any more. */
  stop(): void;
}

interface DecoderEvents {
  readonly onPiece: (piece: Buffer) => void;
  readonly onEnd: () => void;
  readonly onFault: (fault: LlmFailure) => void;
}

/** A body that is cut off gives what came of it: its reader finds out that it is not whole. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }),
  'x-gzip': () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: () => createInflate({ finishFlush: constants.Z_SYNC_FLUSH }),
  br: () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => createZstdDecompress({ finishFlush: constants.ZSTD_e_flush }),
};

/** More layers than anybody needs are an attack. */
const MAX_LAYERS = 3;

/** The encodings in the order in which they were applied; `identity` is none. */
function encodingsIn(header: string | undefined): readonly string[] {
  const names = (header ?? '').split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '' && name !== 'identity');
}

/**
 * The decoder for a header `content-encoding`; undefined where nothing is encoded.
 * @throws LlmFailure `garbled` for an encoding that is not known.
 */
export function decoderFor(header: string | undefined, events: DecoderEvents): Decoder | undefined {
  const names = encodingsIn(header);
  if (names.length === 0) return undefined;
  const makers = names.map((name) => (Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined));
  if (names.length > MAX_LAYERS || makers.includes(undefined))
    throw new LlmFailure('garbled', `an answer in an encoding that is none of ${Object.keys(DECODERS).join(', ')}`);
  return chained(makers.flatMap((make) => make?.() ?? []).reverse(), events);
}

/** The first stream undoes what was applied last. */
function chained(streams: readonly Transform[], { onPiece, onEnd, onFault }: DecoderEvents): Decoder {
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    for (const stream of streams) stream.destroy();
  };
  const fail = () => {
    if (isStopped) return;
    stop();
    onFault(new LlmFailure('garbled', 'an answer that is not in the encoding that its head names'));
  };
  const [first, last] = [streams[0] as Transform, streams.at(-1) as Transform];
  for (const [at, stream] of streams.entries()) {
    stream.on('error', fail);
    const next = streams[at + 1];
    if (next !== undefined) stream.pipe(next);
  }
  last.on('data', (piece: Buffer) => isStopped || onPiece(piece));
  last.once('end', () => isStopped || onEnd());
  return {
    push: (piece) => void (isStopped || first.write(piece)),
    end: () => void (isStopped || first.end()),
    stop,
  };
}
