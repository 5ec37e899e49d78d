// Commands that print a token of access: run without a shell. Rule: neither what a command says nor what it fails with goes into a log or an answer,
// since it may be the credential.

import { execFile } from 'node:child_process';
import { TokenError } from './token.ts';

const MAX_OUTPUT_BYTES = 64 * 1024;

/** Returns what a command says. Rejects with a TokenError. */
export function runTokenCommand([file = '', ...args]: readonly string[], timeout: number): Promise<string> {
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
