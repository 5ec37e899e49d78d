// The request that a gateway process or the admin listener passes to the side process for an HTTP client, and the answer in parts: plain
// data. The credential was checked and the body was read up to its limit; it stays in pieces, since joining them would delay audio.

import type { Key } from '../config/config.ts';
import { unlessAborted } from '../platform/deadline.ts';

/** A key sees its own rows (`key` undefined: open mode), the administrator sees all. `settings`: of the key, which may be none of the file. */
export type Requester =
  | {
      readonly scope: 'key';
      readonly key: string | undefined;
      readonly team: string | undefined;
      readonly settings?: Key | undefined;
      /** The id of a client secret, which sees the sessions that it has opened alone. */
      readonly secret?: string | undefined;
      /** The end user of that secret, whose sessions are seen, too. */
      readonly endUser?: string | undefined;
      readonly calls?: SecretCalls | undefined;
    }
  | {
      readonly scope: 'admin';
      readonly key?: undefined;
      readonly team?: undefined;
      readonly settings?: undefined;
      readonly secret?: undefined;
      readonly endUser?: undefined;
      readonly calls?: undefined;
    };

/** Terms of a client secret that its calls are held to, beside those that narrow `settings`. */
interface SecretCalls {
  /** Patterns of `provider/model`. */
  readonly models?: readonly string[] | undefined;
  /** The most that its sessions and calls may cost together. */
  readonly maxMicroUsd?: number | undefined;
  readonly expiresAt: number;
}

/** `secret`: the id of the one that is presented in the place of its key; `endUser`: whose sessions it sees beside its own. */
export const requesterOf = (key: Key | undefined, secret?: string, endUser?: string): Requester => ({
  scope: 'key',
  key: key?.id,
  team: key?.team,
  settings: key,
  secret,
  endUser,
});

/** The header by which clients of Anthropic switch features on. */
export const BETA_HEADER = 'anthropic-beta';
/** The header that clients of Anthropic always send. */
export const ANTHROPIC_HEADER = 'anthropic-version';

/** Says what a client wants of kept answers. Browsers put one of their own into each handshake of a WebSocket. */
export const CACHE_HEADER = 'cache-control';

/** The headers of a client's request that the side process is given; nothing else crosses. */
export const FORWARDED_HEADERS = [
  ...['x-trunkline-class', 'x-trunkline-data-class', 'last-event-id', 'idempotency-key', BETA_HEADER],
  ...[ANTHROPIC_HEADER, 'traceparent', 'tracestate', CACHE_HEADER],
];

/** The header by which the admin listener tells the side process from where a request comes. */
export const ADDRESS_HEADER = 'x-trunkline-address';

export interface SideRequest {
  readonly requester: Requester;
  /** The address of the client, where it is known. */
  readonly address?: string | undefined;
  /** The origin that the client asked; undefined on the admin listener. */
  readonly origin?: string | undefined;
  /** The id of the HTTP request, for the log. */
  readonly requestId?: string | undefined;
  readonly method: string;
  /** Decoded, leading slashes collapsed, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** See `FORWARDED_HEADERS`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | readonly Buffer[] | undefined;
  /** The record of the session in the path while a gateway process holds it. JSON data. */
  readonly live?: object | undefined;
  /** Aborts when the key of the requester is revoked or deleted. Only of a stream, which is asked for within one process. */
  readonly keyEnd?: AbortSignal | undefined;
}

/** The first part of an answer. Buffers follow, unless `body` is there: then the answer is whole. */
export interface SideReplyHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  /** Set where the answer tells the client what was wrong. */
  readonly refused?: SideRefusal | undefined;
}

/** The facts of a request that the side process did not answer as it was asked to, for log and metrics. */
export interface SideRefusal {
  readonly code: string;
  readonly status: number;
  readonly promptClass?: string | undefined;
  /** The model that was asked for. */
  readonly model?: string | undefined;
}

/** A part that `isPaced` is awaited until the client can take more, or is gone. Only one such part may be on its way. */
export type EmitPart = (part: SideReplyHead | Buffer, isPaced?: boolean) => unknown;

/** Emits the head, then pieces of the body; resolves when the answer is complete. `signal` is aborted when the client leaves. */
export type SideHandler = (request: SideRequest, emit: EmitPart, signal: AbortSignal) => Promise<void>;

/** Finds the keys that ids were handed out to, by their digests and in their order; `null` for one that nobody got. */
export type FindOwners = (digests: readonly string[]) => Promise<readonly (string | null)[]>;

/** Asks for an answer as a whole. Rejects where the side process is down, hung or fails; what it does for a signal that aborts is up to it. */
export type AskWhole = (request: SideRequest, signal: AbortSignal) => Promise<WholeReply>;

/** An answer that did not come in parts. */
export interface WholeReply {
  readonly status: number;
  readonly text: string;
}

/** Asks and puts the parts of the answer together. Rejects as soon as the signal aborts. */
export async function askWhole(ask: SideHandler, request: SideRequest, signal: AbortSignal): Promise<WholeReply> {
  let status = 0;
  const pieces: Buffer[] = [];
  const keep = (part: SideReplyHead | Buffer): void => {
    if (!Buffer.isBuffer(part)) status = part.status;
    const bytes = Buffer.isBuffer(part) ? part : part.body;
    if (bytes !== undefined) pieces.push(bytes);
  };
  await unlessAborted(ask(request, keep, signal), signal);
  return { status, text: Buffer.concat(pieces).toString() };
}

/** The body of `GET /v1/sessions/{id}/context`. */
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
