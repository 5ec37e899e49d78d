// What a gateway process or the admin listener asks of the side process on behalf of an HTTP client, and the answer, in parts.
// Plain data, since it crosses processes. The credential has been checked; the body has been read, and is bounded; it is in pieces, since
// to put them together takes a while that the process of the audio does not have.

export type Requester =
  /** A key sees its own rows. `key` undefined: open mode. */
  | { readonly scope: 'key'; readonly key: string | undefined; readonly team: string | undefined }
  | { readonly scope: 'admin' };

export interface SideRequest {
  readonly requester: Requester;
  readonly method: string;
  /** Decoded, leading slashes collapsed, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** `x-trunkline-class`, `x-trunkline-data-class`, `last-event-id`, `idempotency-key`, `accept`; nothing else crosses. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | readonly Buffer[] | undefined;
  /** The record of the session of the path while it lives here; JSON data. */
  readonly live?: object | undefined;
}

/** The first part of an answer; then come Buffers. `body` is there when the answer is whole. */
export interface SideReplyHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

/** `isPaced`: to be awaited until the client can take more, or is gone. Only one such part may be on its way. */
export type EmitPart = (part: SideReplyHead | Buffer, isPaced?: boolean) => unknown;

/** Emits the head, then pieces of the body; resolves when the answer is complete. `signal`: the client left. */
export type SideHandler = (request: SideRequest, emit: EmitPart, signal: AbortSignal) => Promise<void>;

/** What is answered. */
export interface ContextAnswer extends ContextText {
  readonly session: string;
  readonly provider: string;
  readonly dataClass: 'open' | 'regulated';
}

export interface ContextText {
  /** `turns`: there is no summary. `none`: nothing is kept, and `text` is ''. */
  readonly from: 'summary' | 'turns' | 'none';
  readonly text: string;
  /** Something was left out. */
  readonly isCut: boolean;
}
