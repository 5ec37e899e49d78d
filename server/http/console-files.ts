// Serves the built console. The files are read once, so that a request can only name one that exists.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import type { HttpReply } from '../../adapters/realtime/refusal.ts';
import { consoleRoot } from '../platform/entry.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wav': 'audio/wav',
  '.woff2': 'font/woff2',
};

/** Everything comes from the gateway itself; worklets are fetched as scripts. */
const POLICY = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data:",
  "media-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

let files: ReadonlyMap<string, HttpReply> | undefined;

/** The page of each listener. */
type ConsolePage = 'index.html' | 'operator.html';

/** The reply for a path of the console; undefined for any other. `page`: the one that `/` is, and the only one that is served. */
export function consoleFile(path: string, page: ConsolePage): HttpReply | undefined {
  files ??= readFiles();
  const wanted = path === '/' ? `/${page}` : path;
  return wanted.endsWith('.html') && wanted !== `/${page}` ? undefined : files.get(wanted);
}

function readFiles(): ReadonlyMap<string, HttpReply> {
  if (!existsSync(consoleRoot)) return new Map();
  const items = readdirSync(consoleRoot, { recursive: true, withFileTypes: true }).filter((item) => item.isFile());
  return new Map(
    items.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      const path = `/${relative(consoleRoot, file).replaceAll('\\', '/')}`;
      return [path, { status: 200, headers: headersFor(path), body: readFileSync(file) }];
    }),
  );
}

function headersFor(path: string): Record<string, string> {
  const isHashed = path.startsWith('/assets/');
  return {
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': POLICY,
  };
}
