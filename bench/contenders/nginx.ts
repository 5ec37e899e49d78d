// nginx with one worker and no buffering: the other price of any hop.

import type { Contender, StartOptions } from '../bench.ts';
import { fileIn, onPath, startServer } from './server.ts';

/** Buffers that hold a record: with its own of 4 KiB a message of 16 kB would be four records, where others send one. */
const RECORD_BUFFERS = 'proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_busy_buffers_size 16k;';
/** Versions of TLS: its own end at 1.2 before release 1.23.4. */
const VERSIONS = 'TLSv1.2 TLSv1.3';

const configFor = (port: number, { providerPort, providerCa, clientTls, folder }: StartOptions) => `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 12000; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096${clientTls ? ' ssl' : ''};
    ${clientTls ? `ssl_certificate ${clientTls.cert}; ssl_certificate_key ${clientTls.key}; ssl_protocols ${VERSIONS};` : ''}
    location / {
      proxy_pass ${providerCa ? 'https' : 'http'}://127.0.0.1:${providerPort};
      ${providerCa || clientTls ? RECORD_BUFFERS : ''}
      ${providerCa ? `proxy_ssl_trusted_certificate ${providerCa}; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_protocols ${VERSIONS};` : ''}
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;

export const nginx: Contender = {
  name: 'nginx',
  hasTls: true,
  ...onPath('nginx', { flag: '-v', pattern: /^nginx version: \S+\/(\S+)/m }),
  start: (options) =>
    startServer('nginx', {
      args: (port) => [
        ...['-e', 'stderr', '-p', options.folder],
        ...['-c', fileIn(options.folder, 'nginx.conf', configFor(port, options))],
      ],
      isTls: options.clientTls !== undefined,
    }),
};
