// The part of the contract for endpoints where a client's messages say who it is and what it asks for, and not the handshake alone.

import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Refusal } from '../refusal.ts';
import type { Rejection } from './dialect.ts';
import type { Renaming } from './names.ts';
import type { Resource } from './resource.ts';

/**
 * The form of the messages that can hold a credential. A client whose handshake has none is answered with the 101 at once, and its first
 * message is read before a provider is dialled. In every session of the endpoint the credential of the account, or none, goes upstream in the
 * place of the client's, whichever way that one came.
 */
export interface FirstFrameForm {
  /** The first message alone has a credential; or each of its kind has one, such as those that begin one more stream. */
  readonly in: 'first' | 'each';
  /**
   * Reads a message. `isFirst`: it begins the session, and is rejected where it cannot. Behind it what holds no credential is `{ resources: [] }`,
   * and only what may hide one is rejected.
   */
  read(frame: Frame, isFirst: boolean): FirstFrame | Rejection;
  /** Returns a message that `read` took with this credential in the place of its own, or without one; all other bytes stay. */
  write(frame: Frame, credential: string | undefined): OutFrame;
  /** Returns the event that tells a client behind its 101 of a refusal, in the shape that its SDKs show; undefined: a close has to do. */
  refusalEvent(refusal: Refusal): OutFrame | undefined;
}

/** The facts of a client's first message. */
export interface FirstFrame {
  /** Undefined where it has none. */
  readonly credential?: string | undefined;
  /** The things that it asks for, all of which a key must be allowed; as `ServedEndpoint.resources`. */
  readonly resources: readonly Resource[];
  /** The name that goes upstream in the place of that of the first resource, which names an account or a target, too. */
  readonly renamed?: Renaming | undefined;
}
