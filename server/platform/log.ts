// The one logger: lines of JSON on stdout, static messages, ids and numbers only. Never audio, transcripts, credentials or query strings.

import { type Logger, pino } from 'pino';

/** Lines that wait for a reader of stdout that has stopped; beyond this they are dropped, so that a full pipe never stops the audio. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

export function createLog(level: string): Logger {
  const destination = pino.destination({ fd: 1, sync: false, minLength: 0, maxLength: MAX_PENDING_BYTES });
  return pino({ level, base: { pid: process.pid } }, destination);
}

/** Returns the parts of an error that may be logged: where it was thrown, not its message, which may quote a client or a provider. */
export function faultOf(error: unknown): { readonly fault: string; readonly where: readonly string[] } {
  if (!(error instanceof Error)) return { fault: typeof error, where: [] };
  const where = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { fault: (error as NodeJS.ErrnoException).code ?? error.name, where: where.map((line) => line.trim()) };
}
