// nginx with one worker and no buffering: the other price of any hop.

import type { Contender } from '../bench.ts';
import { fileIn, onPath, startServer } from './server.ts';

const configFor = (port: number, providerPort: number, folder: string) => `daemon off;
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
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://127.0.0.1:${providerPort};
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
  ...onPath('nginx', '-v', /nginx\/(\S+)/),
  start: ({ providerPort, folder }) =>
    startServer('nginx', {
      args: (port) => [
        ...['-e', 'stderr', '-p', folder],
        ...['-c', fileIn(folder, 'nginx.conf', configFor(port, providerPort, folder))],
      ],
    }),
};
