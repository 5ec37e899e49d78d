// HAProxy with one thread, forwarding HTTP and then the tunnel: the price of any hop.

import type { Contender } from '../bench.ts';
import { fileIn, onPath, startServer } from './server.ts';

const configFor = (port: number, providerPort: number) => `global
  nbthread 1
  maxconn 6000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend clients
  bind 127.0.0.1:${port}
  default_backend provider
backend provider
  server provider 127.0.0.1:${providerPort}
`;

export const haproxy: Contender = {
  name: 'haproxy',
  ...onPath('haproxy', '-v', /version (\S+)/),
  start: ({ providerPort, folder }) =>
    startServer('haproxy', {
      args: (port) => ['-db', '-f', fileIn(folder, 'haproxy.cfg', configFor(port, providerPort))],
    }),
};
