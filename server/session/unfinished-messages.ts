// Watches the messages of all sessions that have begun and have yet to end: one that makes no progress ends its session, and so does the
// stalest when all of them together hold too much memory.

import type { Direction } from '../../codecs/websocket/frame.ts';
import type { Gate } from '../../codecs/websocket/frame-limits.ts';
import { FrameReader } from '../../codecs/websocket/frame-reader.ts';
import type { Limits } from '../config/config.ts';
import type { Peer } from '../transport/peer.ts';
import { type CloseReason, type EndOptions, reasons } from './close-reason.ts';

/** Bytes within `messageMs` that count as progress. */
const PROGRESS_BYTES = 4096;
/** Looks within `messageMs`, behind the one that it begins with. They are counted, so that a loop which was blocked has read again before the next one. */
const LOOKS = 4;

interface MessageSource {
  readonly direction: Direction;
  readonly peer: Pick<Peer, 'isPaused'>;
  readonly limits: Limits;
  /** Called when a message made no progress for `messageMs`. */
  onStalled(): void;
  /** Called when the memory of a message was taken: nothing more of it can pass. */
  onNoMemory(): void;
}

/** The unfinished messages of a process, held to `messageMs` and, together, to `maxUnfinishedBytes`. */
export class UnfinishedMessages {
  readonly #limits: Pick<Limits, 'messageMs' | 'maxUnfinishedBytes'>;
  readonly #watches = new Set<MessageWatch>();
  #timer: NodeJS.Timeout | undefined;
  #bytes = 0;
  #growths = 0;

  constructor(limits: Pick<Limits, 'messageMs' | 'maxUnfinishedBytes'>) {
    this.#limits = limits;
  }

  /** Memory that they hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Watches a source until `stop`. */
  watch(source: MessageSource): MessageWatch {
    const watch: MessageWatch = new MessageWatch(source, {
      resized: (byBytes) => this.#resized(byBytes),
      stopped: () => this.#forget(watch),
    });
    this.#watches.add(watch);
    // Sessions keep the process running, not this.
    this.#timer ??= setInterval(() => this.#look(), this.#limits.messageMs / LOOKS).unref();
    return watch;
  }

  #forget(watch: MessageWatch): void {
    this.#watches.delete(watch);
    if (this.#watches.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const watch of this.#watches) watch.look();
  }

  /** Returns the ordinal of the growth. Memory is made free after the read in progress, and before the next one. */
  #resized(byBytes: number): number {
    const { maxUnfinishedBytes } = this.#limits;
    const wasOver = this.#bytes > maxUnfinishedBytes;
    this.#bytes += byBytes;
    if (!wasOver && this.#bytes > maxUnfinishedBytes) queueMicrotask(() => this.#free());
    this.#growths += 1;
    return this.#growths;
  }

  #free(): void {
    const holders = [...this.#watches].filter(({ bytes }) => bytes > 0).sort((a, b) => a.grownAt - b.grownAt);
    for (const watch of holders) {
      if (this.#bytes <= this.#limits.maxUnfinishedBytes) return;
      watch.takeMemory();
    }
  }
}

/** The watched ends of a session. */
export interface SessionMessages {
  readonly upstream: MessageWatch;
  readonly downstream: MessageWatch;
  stop(): void;
}

interface WatchedSession {
  /** Those of all sessions of the process. */
  readonly unfinished: UnfinishedMessages;
  readonly client: Pick<Peer, 'isPaused'>;
  readonly provider: Pick<Peer, 'isPaused'>;
  readonly limits: Limits;
}

/** Watches both ends of a session until `stop`, and calls `end` with what a message ends it for. */
export function watchMessages(
  { unfinished, client, provider, limits }: WatchedSession,
  end: (reason: CloseReason, how?: EndOptions) => void,
): SessionMessages {
  const onNoMemory = () => end(reasons.noMessageMemory, { isHurried: true });
  const watch = (direction: Direction, peer: Pick<Peer, 'isPaused'>, stalled: CloseReason) =>
    unfinished.watch({ direction, peer, limits, onStalled: () => end(stalled), onNoMemory });
  const upstream = watch('upstream', client, reasons.clientStalled);
  const downstream = watch('downstream', provider, reasons.providerStalled);
  return {
    upstream,
    downstream,
    stop() {
      upstream.stop();
      downstream.stop();
    },
  };
}

interface WatchListener {
  /** Returns the ordinal of the growth. */
  resized(byBytes: number): number;
  stopped(): void;
}

interface Look {
  /** True when more of a message had to come, and its source was read. */
  readonly isWaiting: boolean;
  /** Counts of what the readers had read. */
  readonly ended: number;
  readonly readBytes: number;
}

const NO_LOOK: Look = { isWaiting: false, ended: 0, readBytes: 0 };

/** The message that comes from one end of a session, whoever reads it. */
export class MessageWatch {
  readonly #source: MessageSource;
  readonly #listener: WatchListener;
  readonly #readers = new Set<FrameReader>();
  #bytes = 0;
  /** Those of them that wait behind a message. */
  #heldBytes = 0;
  #grownAt = 0;
  /** The look that last saw progress, or nothing to wait for; and the number of looks since. */
  #mark: Look = NO_LOOK;
  #quietLooks = 0;

  constructor(source: MessageSource, listener: WatchListener) {
    this.#source = source;
    this.#listener = listener;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Ordinal of the newest growth of its memory. */
  get grownAt(): number {
    return this.#grownAt;
  }

  /** Returns a reader of what the source sends. `former`: a reader of the same bytes that is no longer used. */
  newReader(gate?: Gate, former?: FrameReader): FrameReader {
    const { direction, limits } = this.#source;
    const isUpstream = direction === 'upstream';
    const reader = new FrameReader({
      isMasked: isUpstream,
      maxPayloadBytes: isUpstream ? limits.clientMaxPayloadBytes : limits.providerMaxPayloadBytes,
      maxFragments: limits.maxFragments,
      maxBufferedChunks: limits.maxBufferedChunks,
      gate,
      onResize: (byBytes) => this.#resize(byBytes),
    });
    if (former !== undefined) {
      // Its counts go with it, so they are no measure of the next ones.
      this.#readers.delete(former);
      this.#mark = NO_LOOK;
    }
    this.#readers.add(reader);
    return reader;
  }

  /** Looks for progress. A source that is not read cannot make any. */
  look(): void {
    const { peer, onStalled } = this.#source;
    let [isUnfinished, ended, readBytes] = [false, 0, 0];
    for (const reader of this.#readers) {
      isUnfinished ||= reader.isUnfinished;
      ended += reader.ended;
      readBytes += reader.readBytes;
    }
    const mark = this.#mark;
    const isWaiting = isUnfinished && !peer.isPaused;
    const isSame = mark.isWaiting && ended === mark.ended && readBytes - mark.readBytes < PROGRESS_BYTES;
    this.#quietLooks = isWaiting && isSame ? this.#quietLooks + 1 : 0;
    if (this.#quietLooks === 0) this.#mark = { isWaiting, ended, readBytes };
    if (this.#quietLooks >= LOOKS) onStalled();
  }

  /** Counts what its source has sent and nobody takes yet, until its memory is taken, or it is not watched any more. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
    this.#resize(bytes);
  }

  takeMemory(): void {
    this.#drop();
    this.#source.onNoMemory();
  }

  stop(): void {
    this.#drop();
    this.#readers.clear();
    this.#listener.stopped();
  }

  #drop(): void {
    for (const reader of this.#readers) reader.drop();
    this.#resize(-this.#heldBytes);
    this.#heldBytes = 0;
  }

  #resize(byBytes: number): void {
    this.#bytes += byBytes;
    this.#grownAt = this.#listener.resized(byBytes);
  }
}
