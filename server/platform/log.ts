// The one logger: lines on stdout, JSON for machines and text on a terminal; static messages, ids and numbers only. Never audio,
// transcripts, credentials or query strings. Rule: no call ends because a line cannot be written.

import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import { type Logger, pino } from 'pino';
import { isObject, type JsonObject, parseJson } from '../../codecs/json/object.ts';

/** Lines that wait for a reader of stdout that has stopped; beyond this they are dropped, so that a full pipe never stops the audio. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const STDOUT = 1;

interface LogSettings {
  readonly level: string;
  readonly format: 'auto' | 'json' | 'text';
}

/** Tells whether lines are for people: where stdout is a terminal, unless the configuration says otherwise. */
export function isTextLog({ format }: Pick<LogSettings, 'format'>): boolean {
  return format === 'text' || (format === 'auto' && isatty(STDOUT));
}

export function createLog(settings: LogSettings): Logger {
  const options = { fd: STDOUT, sync: false, minLength: 0, maxLength: MAX_PENDING_BYTES, retryEAGAIN: untilExit() };
  const destination = pino.destination(options);
  const log = pino(
    { level: settings.level, base: { pid: process.pid } },
    isTextLog(settings) ? { write: (line) => void destination.write(textLine(line)) } : destination,
  );
  surviveFaults(destination, log);
  return log;
}

/** Lets the end of a process wait for a reader that has stopped, for a second at most. */
function untilExit(): () => boolean {
  let triesLeft = Number.POSITIVE_INFINITY;
  process.prependOnceListener('exit', () => {
    triesLeft = 10;
  });
  return () => triesLeft-- > 0;
}

type Destination = ReturnType<typeof pino.destination>;

/**
 * Goes on without a log while it cannot be written, and says afterwards how many lines were lost. What waits is tried again with each
 * line; a reader that has left (EPIPE) never comes back.
 */
function surviveFaults(destination: Destination, log: Logger): void {
  let lost = 0;
  destination.on('drop', () => {
    lost += 1;
  });
  // The last lines are written at the end of the process, where pino would try for ever while the disk is full.
  const flushSync = destination.flushSync.bind(destination);
  let isFailing = false;
  destination.flushSync = () => {
    if (!isFailing) quietly(flushSync);
  };
  destination.on('drain', () => {
    isFailing = false;
    const lines = lost;
    lost = 0;
    if (lines > 0) log.warn({ lines }, 'log lines were lost');
  });
  // pino's own listener would throw what is no EPIPE.
  destination.removeAllListeners('error');
  destination.on('error', ({ code }: NodeJS.ErrnoException) => {
    isFailing = true;
    if (code === 'EPIPE') destination.write = () => true;
  });
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {}
}

/** Returns the parts of an error that may be logged: where it was thrown, not its message, which may quote a client or a provider. */
export function faultOf(error: unknown): { readonly fault: string; readonly where: readonly string[] } {
  if (!(error instanceof Error)) return { fault: typeof error, where: [] };
  const where = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { fault: (error as NodeJS.ErrnoException).code ?? error.name, where: where.map((line) => line.trim()) };
}

/** pino's levels by number, and their colours. */
const LEVELS = {
  10: ['TRACE', 'gray'],
  20: ['DEBUG', 'gray'],
  30: ['INFO', 'green'],
  40: ['WARN', 'yellow'],
  50: ['ERROR', 'red'],
  60: ['FATAL', 'red'],
} as const;

/** Makes text of a line of JSON: time, level, message, its fields, and a stack below. No character stays that a terminal obeys. Colours are left out where NO_COLOR is set, and where stdout is no terminal. */
export function textLine(line: string): string {
  const parsed = parseJson(line);
  if (!isObject(parsed)) return line;
  const { level, time, pid: _, msg, err, where, ...fields } = parsed;
  const [name, colour] = LEVELS[level as keyof typeof LEVELS] ?? ['', 'gray'];
  const clock = styleText('gray', clockOf(Number(time)), { stream: process.stdout });
  const label = styleText(colour, name.padEnd(5), { stream: process.stdout });
  const stack = isObject(err) ? String(err.stack ?? err.message).split('\n') : Array.isArray(where) ? where : [];
  const head = [clock, label, printable(String(msg ?? '')), ...flat(fields, '')].join(' ');
  return `${[head, ...stack.map((place) => `    ${printable(String(place))}`)].join('\n')}\n`;
}

function clockOf(time: number): string {
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** `listen.port=8080`; a text with blanks stands in quotes. */
function flat(fields: JsonObject, prefix: string): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const path = printable(prefix + name);
    if (isObject(value)) return flat(value, `${prefix}${name}.`);
    const isPlain = typeof value === 'string' && /^[^\s"=]+$/.test(value);
    return [`${path}=${printable(isPlain ? value : JSON.stringify(value))}`];
  });
}

/** Writes control characters as JSON does, those that JSON leaves alone (DEL and C1) too. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
