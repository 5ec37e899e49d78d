// The provider's end of a session: its socket, its reader, and the links of both directions. A session that goes on at another socket of its
// provider has another leg from then on.

import type { ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import type { Gate } from '../../../codecs/websocket/frame-limits.ts';
import type { FrameReader } from '../../../codecs/websocket/frame-reader.ts';
import type { Limits } from '../../config/config.ts';
import type { SessionSide } from '../../ipc/session-record.ts';
import type { Peer } from '../../transport/peer.ts';
import { watchSilence } from '../end/session-timers.ts';
import { Link } from '../link/link.ts';
import { type ReadFrames, SourceReader } from '../link/source-reader.ts';
import type { Tap } from '../tap/tap.ts';
import type { SessionMessages } from '../unfinished-messages.ts';
import type { SentMessages } from './sent-messages.ts';

export interface LegOptions {
  readonly client: Peer;
  readonly provider: Peer;
  readonly limits: Limits;
  readonly tap: Tap;
  readonly messages: SessionMessages;
  /** Keeps what the client is sent; undefined where it does not come back. */
  readonly sent?: SentMessages | undefined;
  /** Decides what of the client may go upstream; undefined: all of it. */
  readonly gate?: Gate | undefined;
  /** Masks the credential of the account in what the provider says. */
  readonly mask?: ((bytes: Buffer) => void) | undefined;
  /** Called when the client closed, or sent what may not pass. */
  onClientEnd(end: ReadEnd): void;
  onProviderEnd(end: ReadEnd): void;
  /** Called when that end took nothing for `stallMs`. */
  onSlow(side: SessionSide): void;
}

interface LegListener {
  /** Reads what the provider sends. */
  readonly read: ReadFrames;
  /** Set where nothing stands between the provider and its link. */
  readonly isDirect: boolean;
  onSilent(): void;
  /** Called when the provider's side ended without a close, once all that it sent was read. */
  onLost(): void;
  onGone(): void;
  onFault(error: unknown): void;
}

export class Leg {
  readonly provider: Peer;
  readonly upstream: Link;
  readonly downstream: Link;
  readonly #options: LegOptions;
  /** Those of the links. */
  readonly readers: { readonly upstream: FrameReader; readonly downstream: FrameReader };
  #reader: SourceReader | undefined;
  #stopHeartbeat: (() => void) | undefined;

  /** `former`: the leg before, whose readers are not used any more. */
  constructor(options: LegOptions, former?: Leg) {
    const { client, provider, limits, tap, messages, gate } = options;
    this.#options = options;
    this.provider = provider;
    this.readers = {
      upstream: messages.upstream.newReader(gate, former?.readers.upstream),
      downstream: messages.downstream.newReader(undefined, former?.readers.downstream),
    };
    this.upstream = new Link({
      direction: 'upstream',
      source: client,
      target: provider,
      limits,
      tap,
      reader: this.readers.upstream,
      onEnd: (end) => options.onClientEnd(end),
      onSlow: () => options.onSlow('provider'),
    });
    this.downstream = new Link({
      direction: 'downstream',
      source: provider,
      target: client,
      limits,
      tap,
      reader: this.readers.downstream,
      onEnd: (end) => options.onProviderEnd(end),
      onSlow: () => options.onSlow('client'),
      sent: options.sent,
    });
  }

  /** Begins to read the provider. */
  start({ read, isDirect, onSilent, onLost, onGone, onFault }: LegListener): void {
    const { provider, limits, mask } = this.#options;
    const link = isDirect ? this.downstream : undefined;
    const reader = new SourceReader({ source: provider, limits, read, link, mask, onFault });
    this.#reader = reader;
    const { pingMs, providerSilenceMs: silenceMs } = limits;
    this.#stopHeartbeat = watchSilence({ peer: provider, linkToPeer: this.upstream }, { pingMs, silenceMs, onSilent });
    const lost = () => reader.afterKept(onLost);
    provider.start({ received: reader.receive, lost, gone: onGone }, this.upstream.boundary);
  }

  /** Stops looking for silence: the session is about to end. */
  stopWatching(): void {
    this.#stopHeartbeat?.();
  }

  /** Leaves the socket for another one: nothing that comes from it counts any more. */
  retire(): void {
    const { client, provider } = this.#options;
    this.stop();
    client.resume('slow');
    provider.close(1000);
    provider.pause('held');
  }

  /** Clears timers and callbacks. Does not close the socket. */
  stop(): void {
    this.stopWatching();
    this.upstream.stop();
    this.downstream.stop();
    this.#reader?.stop();
  }
}
