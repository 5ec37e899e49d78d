// HAProxy with one thread, forwarding HTTP and then the tunnel: the price of any hop.

import { readFileSync } from 'node:fs';
import type { Contender, StartOptions } from '../bench.ts';
import { fileIn, onPath, startServer } from './server.ts';

export const haproxy: Contender = {
  name: 'haproxy',
  hasTls: true,
  ...onPath('haproxy', { flag: '-v', pattern: /^HA-?Proxy version (\S+)/m }),
  start: (options) =>
    startServer('haproxy', {
      args: (port) => ['-db', '-f', fileIn(options.folder, 'haproxy.cfg', configFor(port, options))],
      isTls: options.clientTls !== undefined,
    }),
};

const configFor = (port: number, { providerPort, providerCa, clientTls, folder }: StartOptions) => `global
  nbthread 1
  maxconn 6000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend clients
  bind 127.0.0.1:${port}${clientTls ? ` ssl crt ${certificateIn(folder, clientTls)}` : ''}
  default_backend provider
backend provider
  server provider 127.0.0.1:${providerPort}${providerCa ? ` ssl verify required verifyhost localhost ca-file ${providerCa}` : ''}
`;

/** HAProxy wants the key behind the certificate, in one file. */
const certificateIn = (folder: string, { cert, key }: Required<StartOptions>['clientTls']): string =>
  fileIn(folder, 'certificate.pem', readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
