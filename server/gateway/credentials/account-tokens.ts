// Tokens by which accounts are dialled: fetched by a command or out of a file when a session needs one, kept until they are old, and fetched anew ahead of
// their end.

import type { Logger } from 'pino';
import type { Provider } from '../../../adapters/realtime/contract.ts';
import type { ProviderConfig } from '../../config/config.ts';
import type { ProxySettings } from '../../platform/outbound/proxy.ts';
import { readCredentials } from './credentials-file.ts';
import { readToken, type Token, type TokenError } from './token.ts';
import { runTokenCommand } from './token-command.ts';

type Tokened = Pick<ProviderConfig, 'tokenCommand' | 'credentialsFile' | 'tokenMs'> & {
  readonly allowPrivate?: boolean;
  readonly grant?: Provider['tokenGrant'];
};

interface TokenOptions {
  readonly log: Logger;
  readonly proxy?: ProxySettings | undefined;
  /** Longest time that fetching one may take; half a minute when not given. */
  readonly fetchMs?: number;
}

const FETCH_MS = 30_000;
const TOKEN_MS = 1_800_000;

export class AccountTokens {
  readonly #options: TokenOptions;
  /** By the command and its arguments, or the file. */
  readonly #kept = new Map<string, Token>();
  readonly #fetches = new Map<string, Promise<string>>();

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  /** Returns the credential of the account that has this name. The promise rejects with a TokenError. */
  of(account: string, tokened: Tokened): string | Promise<string> {
    const { tokenCommand, credentialsFile, grant } = tokened;
    const source = JSON.stringify([tokenCommand, credentialsFile, grant]);
    const kept = this.#kept.get(source);
    const now = Date.now();
    if (kept !== undefined && now < kept.freshUntil) return kept.token;
    const fetching = this.#fetches.get(source) ?? this.#fetch(source, tokened);
    if (kept === undefined || now >= kept.until) return fetching;
    fetching.catch((error: TokenError) =>
      this.#options.log.warn({ account, reason: error.message }, 'no new token: the one before is used until it ends'),
    );
    return kept.token;
  }

  #fetch(
    source: string,
    { tokenCommand = [], credentialsFile, tokenMs, allowPrivate = false, grant }: Tokened,
  ): Promise<string> {
    const { fetchMs: timeoutMs = FETCH_MS, proxy } = this.#options;
    const said =
      credentialsFile === undefined
        ? runTokenCommand(tokenCommand, timeoutMs).then((text) => ({ text, usualMs: TOKEN_MS }))
        : readCredentials(credentialsFile, { grant, allowPrivate, proxy, timeoutMs });
    const fetching = said
      .then(({ text, usualMs }) => {
        const kept = readToken(text, tokenMs ?? usualMs);
        this.#kept.set(source, kept);
        return kept.token;
      })
      .finally(() => this.#fetches.delete(source));
    this.#fetches.set(source, fetching);
    return fetching;
  }
}
