// Credentials that a command gives, such as access tokens of a cloud: run when a session needs one, and kept until they are old. Rule: neither
// what a command says nor what it fails with goes into a log or an answer, since it may be the credential.

import { execFile } from 'node:child_process';
import type { Logger } from 'pino';
import { isObject, parseJson } from '../../../codecs/json/object.ts';
import type { ProviderConfig } from '../../config/config.ts';

type Commanded = Pick<ProviderConfig, 'tokenCommand' | 'tokenMs'>;

interface TokenOptions {
  readonly log: Logger;
  /** Longest run of a command; half a minute when not given. */
  readonly runMs?: number;
}

const RUN_MS = 30_000;
const TOKEN_MS = 1_800_000;
/** Share of its time after which a token is fetched anew, while sessions still get the one before. */
const FRESH_SHARE = 0.8;
const MAX_OUTPUT_BYTES = 64 * 1024;

interface Kept {
  readonly token: string;
  readonly freshUntil: number;
  readonly until: number;
}

/** The command did not give a token; `message` says why, without its output. */
export class TokenError extends Error {}

export class TokenCommands {
  readonly #options: TokenOptions;
  /** By the command and its arguments. */
  readonly #kept = new Map<string, Kept>();
  readonly #runs = new Map<string, Promise<string>>();

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  /** Returns the credential of the account that has this name. The promise rejects with a TokenError. */
  of(account: string, { tokenCommand = [], tokenMs = TOKEN_MS }: Commanded): string | Promise<string> {
    const command = JSON.stringify(tokenCommand);
    const kept = this.#kept.get(command);
    const now = Date.now();
    if (kept !== undefined && now < kept.freshUntil) return kept.token;
    const running = this.#runs.get(command) ?? this.#run(command, tokenCommand, tokenMs);
    if (kept === undefined || now >= kept.until) return running;
    running.catch((error: TokenError) =>
      this.#options.log.warn({ account, reason: error.message }, 'no new token: the one before is used until it ends'),
    );
    return kept.token;
  }

  #run(name: string, command: readonly string[], tokenMs: number): Promise<string> {
    const run = runCommand(command, this.#options.runMs ?? RUN_MS)
      .then((output) => {
        const kept = readToken(output, tokenMs);
        this.#kept.set(name, kept);
        return kept.token;
      })
      .finally(() => this.#runs.delete(name));
    this.#runs.set(name, run);
    return run;
  }
}

function runCommand([file = '', ...args]: readonly string[], timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'utf8' }, (error, output) => {
      if (error === null) resolve(output);
      else reject(new TokenError(faultOf(error, timeout)));
    }).stdin?.end();
  });
}

function faultOf(
  { code, killed, signal }: Parameters<NonNullable<Parameters<typeof execFile>[3]>>[0] & object,
  ms: number,
) {
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `it said more than ${MAX_OUTPUT_BYTES} bytes`;
  if (killed) return `it did not end within ${ms} ms`;
  if (signal) return `it was ended by ${signal}`;
  return typeof code === 'number' ? `it ended with exit code ${code}` : `it could not be run (${code})`;
}

/** Reads a token alone, or the JSON of a cloud's command line, which says when it ends. */
function readToken(output: string, tokenMs: number): Kept {
  const text = output.trim();
  const value = parseJson(text);
  const fields = isObject(value) ? value : {};
  const named = [fields.accessToken, fields.access_token, fields.token].find((one) => typeof one === 'string');
  const token = isObject(value) ? (named as string | undefined) : text;
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token))
    throw new TokenError('expected a token alone, or JSON with accessToken, access_token or token');
  const now = Date.now();
  const until = Math.min(now + tokenMs, endOfJwt(token) ?? Number.POSITIVE_INFINITY, endIn(fields, now));
  if (until <= now) throw new TokenError('its token has ended already');
  return { token, until, freshUntil: now + (until - now) * FRESH_SHARE };
}

/** `expires_on`: seconds since the epoch (Azure); `expires_in`: seconds from now (OAuth). */
function endIn({ expires_on: on, expires_in: after }: Readonly<Record<string, unknown>>, now: number): number {
  if (typeof on === 'number') return on * 1000;
  return typeof after === 'number' ? now + after * 1000 : Number.POSITIVE_INFINITY;
}

function endOfJwt(token: string): number | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  const claims = parseJson(Buffer.from(payload, 'base64url').toString());
  return isObject(claims) && typeof claims.exp === 'number' ? claims.exp * 1000 : undefined;
}
