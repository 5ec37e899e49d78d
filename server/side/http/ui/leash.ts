// Ends sockets of the side path when their time is over, as sessions end: with the words and the close of docs/keys-limits-closes.md. Rule: only the
// reading ends, and what was asked on a socket of chats goes on.

import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import type { Config, Key } from '../../../config/config.ts';
import { namedClass } from '../../../http/connection/routed-responses.ts';
import { tightest } from '../../../ipc/limits.ts';
import type { SecretTerms } from '../../../ipc/stored-keys.ts';
import { type CloseReason, reasons, sessionLimit } from '../../../session/close-reason.ts';

/** A close that the page gets, after the words where there are some. */
export interface SocketEnd {
  readonly client: Exclude<CloseReason['client'], 'lost'>;
  readonly words?: { readonly code: string; readonly message: string } | undefined;
}

interface Leash {
  readonly handshake: Handshake;
  readonly key: Key | undefined;
  readonly terms: SecretTerms | undefined;
  /** Longest life of any such socket, beside that of `limits.sessionMs`; undefined: none. */
  readonly cap: { readonly ms: number; readonly end: SocketEnd } | undefined;
}

/** Returns what takes the leash off. */
export function startLeash(
  { handshake, key, terms, cap }: Leash,
  { classes, limits, routes }: Pick<Config, 'classes' | 'limits' | 'routes'>,
  end: (reason: SocketEnd) => void,
): () => void {
  const named = namedClass({ handshake, key, terms }, { routes });
  const ofClass = named === undefined || !Object.hasOwn(classes, named) ? undefined : classes[named];
  const maxSeconds = tightest(key?.maxSessionSeconds, ofClass?.maxSessionSeconds, terms?.maxSessionSeconds);
  const timers = [
    limits.sessionMs > 0 && setTimeout(end, limits.sessionMs, reasons.durationReached),
    maxSeconds !== undefined && setTimeout(end, 1000 * maxSeconds, sessionLimit(maxSeconds)),
    cap !== undefined && setTimeout(end, cap.ms, cap.end),
  ];
  return () => {
    for (const timer of timers) if (timer) clearTimeout(timer);
  };
}

/** OpenAI's words, after which its clients open another socket: https://developers.openai.com/api/docs/guides/websocket-mode */
export const RESPONSES_CAP = {
  ms: 3_600_000,
  end: {
    client: { code: 1001, reason: 'websocket_connection_limit_reached' },
    words: {
      code: 'websocket_connection_limit_reached',
      message:
        'Responses websocket connection limit reached (60 minutes). Create a new websocket connection to continue.',
    },
  },
} as const;
