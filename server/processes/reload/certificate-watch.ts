// The certificate of the TLS listeners, read from its files again and again, so that a renewed one is served without a start anew.
// Rule: a pair that is cut short, does not belong together or is over never takes the place of a good one.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { CertificatePair } from '../../http/listener.ts';

interface CertificateWatchOptions {
  /** Paths of PEM files at first. They may be links, which are followed at each look. */
  readonly files: CertificatePair;
  readonly log: Logger;
  /** Called with a pair that has taken the place of the one before. */
  onRenewed(pair: CertificatePair): void;
}

/** A pair that belongs together. Times are in ms since the epoch. */
interface Checked extends CertificatePair {
  readonly expiresAt: number;
  readonly validFrom: number;
}

/** Both files take 0.2 ms to read, and their content says more than their times do. */
const LOOK_MS = 2000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** The log warns when less is left: two weeks, or a tenth of a life that is shorter than 140 days. */
const SOON_MS = 14 * DAY_MS;
const SOON_PART = 1 / 10;

export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  #files: CertificatePair;
  #served: Checked;
  /** The fault of the last look, with its content; a pair is often written as two files, one after the other. */
  #bad: string | undefined;
  #told: string | undefined;
  #warnedAt = 0;

  /** Throws an error that says what is wrong with the files. */
  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#files = options.files;
    const { cert, key } = options.files;
    try {
      this.#served = checked({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') });
    } catch (error) {
      throw new Error(`listen.tls: expected a certificate and its key in ${cert} and ${key}: ${reasonOf(error)}`);
    }
    this.#warnIfSoon();
  }

  get pair(): CertificatePair {
    const { cert, key } = this.#served;
    return { cert, key };
  }

  /** End of the certificate that is served, in seconds since the epoch. */
  get expiresAtS(): number {
    return this.#served.expiresAt / 1000;
  }

  /** Looks every two seconds from now on. */
  start(): void {
    setInterval(() => void this.look(), LOOK_MS).unref();
  }

  /** Reads other files from now on. Resolves when they were read; a bad pair of theirs does not take the place of a good one. */
  async use(files: CertificatePair): Promise<void> {
    this.#files = files;
    await this.look(true);
  }

  /** Reads the files. A bad pair is told at once where `isAsked`, else when the next look finds the same. */
  async look(isAsked = false): Promise<void> {
    const { log, onRenewed } = this.#options;
    const files = this.#files;
    let read: CertificatePair | undefined;
    try {
      const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
      read = { cert, key };
      if (cert !== this.#served.cert || key !== this.#served.key) {
        this.#served = this.#better(checked(read));
        log.info({ expiresAt: new Date(this.#served.expiresAt).toISOString() }, 'the renewed certificate is served');
        this.#warnedAt = 0;
        onRenewed(this.pair);
      }
      this.#bad = undefined;
      this.#told = undefined;
    } catch (error) {
      this.#refuse(`${reasonOf(error)} ${read?.cert} ${read?.key}`, reasonOf(error), isAsked);
    }
    this.#warnIfSoon();
  }

  /** Throws where what is served is the better one. */
  #better(found: Checked): Checked {
    const now = Date.now();
    if (this.#served.expiresAt > now && found.expiresAt <= now) throw new Error('the certificate is over');
    if (this.#served.expiresAt > now && found.validFrom > now) throw new Error('the certificate is not valid yet');
    return found;
  }

  #refuse(bad: string, why: string, isAsked: boolean): void {
    const isKnown = bad === this.#bad;
    this.#bad = bad;
    if ((!isKnown && !isAsked) || this.#told === bad) return;
    this.#told = bad;
    this.#options.log.warn({ why }, 'the files of the certificate are no good: the one before is served');
  }

  #warnIfSoon(): void {
    const now = Date.now();
    const { expiresAt, validFrom } = this.#served;
    if (expiresAt - now > Math.min(SOON_MS, (expiresAt - validFrom) * SOON_PART) || now - this.#warnedAt < DAY_MS)
      return;
    this.#warnedAt = now;
    this.#options.log.warn({ expiresAt: new Date(expiresAt).toISOString() }, 'the certificate ends soon, or is over');
  }
}

/** Throws what TLS would say of it. */
function checked({ cert, key }: CertificatePair): Checked {
  createSecureContext({ cert, key });
  const { validFromDate, validToDate } = new X509Certificate(cert);
  return { cert, key, validFrom: validFromDate.getTime(), expiresAt: validToDate.getTime() };
}

/** Errors of OpenSSL have a reason in words, those of files a code; neither has content. */
function reasonOf(error: unknown): string {
  const { reason, code, message } = error as { reason?: string; code?: string; message: string };
  return reason ?? (code?.startsWith('E') ? code : message);
}
