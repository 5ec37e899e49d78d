// The certificate of the TLS listeners: that of the configuration, or one for development, which is made where none is configured.

import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../../config/config.ts';
import type { LiveConfig } from '../../config/live/live.ts';
import { certificateDirectory, type DevCertificate, ensureDevCertificate } from '../../http/dev-certificate.ts';
import type { CertificatePair } from '../../http/listener.ts';
import { exportGauge } from '../../platform/metrics.ts';
import { CertificateWatch } from './certificate-watch.ts';

interface ListenerCertificateOptions {
  readonly live: LiveConfig;
  readonly log: Logger;
  readonly registry: Registry;
  readonly onRenewed: (pair: CertificatePair) => void;
}

export class ListenerCertificate {
  readonly #options: ListenerCertificateOptions;
  #development: DevCertificate | undefined;
  #watch: CertificateWatch | undefined;

  constructor(options: ListenerCertificateOptions) {
    this.#options = options;
  }

  /** The one for development, when it is used. */
  get development(): DevCertificate | undefined {
    return this.#development;
  }

  /** The one that is served; undefined before `start`. */
  get pair(): CertificatePair | undefined {
    return this.#watch?.pair;
  }

  /** Reads it, and from now on as often as it is renewed. */
  async start(): Promise<void> {
    const { live, log, registry, onRenewed } = this.#options;
    if (live.config.listen.tls === undefined) await this.#make();
    const files = this.#files;
    if (files === undefined) return;
    const watch = new CertificateWatch({ files, log, onRenewed });
    watch.start();
    this.#watch = watch;
    exportGauge(registry, {
      name: 'trunkline_tls_certificate_expiry_timestamp_seconds',
      help: 'end of the certificate that is served, in seconds since the epoch',
      read: () => watch.expiresAtS,
    });
  }

  /** Makes one for development where a configuration needs it. */
  async prepare({ listen }: Config): Promise<void> {
    if (this.#watch !== undefined && listen.tls === undefined) await this.#make();
  }

  /** Reads that of the configuration in force, and tells of a bad one at once. */
  async reread(): Promise<void> {
    const files = this.#files;
    if (files !== undefined) await this.#watch?.use(files);
  }

  async #make(): Promise<void> {
    this.#development ??= await ensureDevCertificate(certificateDirectory(this.#options.live.config.dataDirectory));
  }

  get #files(): CertificatePair | undefined {
    const own = this.#development && { cert: this.#development.certPath, key: this.#development.keyPath };
    return this.#options.live.config.listen.tls ?? own;
  }
}
