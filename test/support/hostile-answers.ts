// Streamed answers as an LLM endpoint should not write them, in the three forms that endpoints speak: each is a way of writing one short text.

import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliCompressSync, constants, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { HOSTILE_EVENTS } from './hostile-events.ts';
import { allBlocks, begunBlocks, blocksOf, type HostileAnswer, openStream } from './hostile-forms.ts';

async function inPieces(response: ServerResponse, bytes: Buffer, size: number, pauseMs = 0): Promise<void> {
  openStream(response);
  response.socket?.setNoDelay(true);
  for (let at = 0; at < bytes.length && !response.destroyed; at += size) {
    response.write(bytes.subarray(at, at + size));
    await (pauseMs > 0 ? delay(pauseMs) : new Promise((resolve) => setImmediate(resolve)));
  }
  response.end();
}

const whole = { billed: 'exact', end: 'whole' } as const;
const broken = { billed: 'estimated', end: 'error' } as const;

const compressed = (encoding: string, compress: (bytes: Buffer) => Buffer): HostileAnswer => ({
  ...whole,
  write: (response, form) =>
    openStream(response, { 'content-encoding': encoding }).end(compress(Buffer.from(allBlocks(form)))),
});

const LARGE = 'x'.repeat(1_000_000);
const LARGER = 'x'.repeat(4_300_000);

export const HOSTILE_ANSWERS: Readonly<Record<string, HostileAnswer>> = {
  plain: { ...whole, write: (response, form) => openStream(response).end(allBlocks(form)) },
  'byte-by-byte': { ...whole, write: (response, form) => inPieces(response, Buffer.from(allBlocks(form)), 1) },
  crlf: { ...whole, write: (response, form) => openStream(response).end(allBlocks(form).replaceAll('\n', '\r\n')) },
  'cr-alone': {
    ...whole,
    write: (response, form) => inPieces(response, Buffer.from(allBlocks(form).replaceAll('\n', '\r')), 7),
  },
  'mixed-lines': {
    ...whole,
    write(response, form) {
      const ends = ['\n\n', '\r\n\r\n', '\r\r'];
      const text = blocksOf(form).map((one, at) => one.trimEnd() + ends[at % ends.length]);
      return inPieces(response, Buffer.from(text.join('')), 5);
    },
  },
  'byte-order-mark': { ...whole, write: (response, form) => openStream(response).end(`\ufeff${allBlocks(form)}`) },
  'data-in-lines': {
    ...whole,
    write: (response, form) => openStream(response).end(allBlocks(form).replace(/,"(?=[a-z_]+":)/g, ',\ndata: "')),
  },
  'without-type': {
    ...whole,
    write: (response, form) => response.writeHead(200, {}).end(allBlocks(form)),
  },
  'wrong-type': {
    ...whole,
    write: (response, form) => response.writeHead(200, { 'content-type': 'text/html' }).end(allBlocks(form)),
  },
  gzip: compressed('gzip', gzipSync),
  deflate: compressed('deflate', deflateSync),
  brotli: compressed('br', brotliCompressSync),
  'gzip-in-flushes': {
    ...whole,
    async write(response, form) {
      openStream(response, { 'content-encoding': 'gzip' });
      const zip = createGzip();
      zip.pipe(response);
      for (const one of blocksOf(form)) {
        zip.write(one);
        await new Promise<void>((done) => zip.flush(constants.Z_SYNC_FLUSH, done));
      }
      zip.end();
    },
  },
  'gzip-cut': {
    ...broken,
    billed: 'estimated',
    async write(response, form) {
      openStream(response, { 'content-encoding': 'gzip' });
      const zip = createGzip();
      zip.pipe(response, { end: false });
      zip.write(begunBlocks(form).join(''));
      await new Promise<void>((done) => zip.flush(constants.Z_SYNC_FLUSH, done));
      response.end();
    },
  },
  'gzip-garbled': {
    ...broken,
    write: (response, form) => openStream(response, { 'content-encoding': 'gzip' }).end(allBlocks(form)),
  },
  'no-done': {
    ...whole,
    forms: ['completions', 'messages'],
    write: (response, form) => openStream(response).end(blocksOf(form).slice(0, -1).join('')),
  },
  'no-empty-line': { ...whole, write: (response, form) => openStream(response).end(allBlocks(form).trimEnd()) },
  'no-end': { ...broken, write: (response, form) => openStream(response).end(begunBlocks(form).join('')) },
  'half-event': {
    ...broken,
    write: (response, form) => openStream(response).end(begunBlocks(form).join('').slice(0, -20)),
  },
  reset: {
    ...broken,
    async write(response, form) {
      openStream(response).write(begunBlocks(form).join(''));
      await delay(30);
      response.socket?.resetAndDestroy();
    },
  },
  'reset-at-once': {
    ...broken,
    write: (response) => response.socket?.resetAndDestroy(),
  },
  'reset-after-end': {
    ...whole,
    async write(response, form) {
      openStream(response).write(allBlocks(form));
      await delay(30);
      response.socket?.resetAndDestroy();
    },
  },
  'more-after-end': {
    ...whole,
    write: (response, form) => openStream(response).end(allBlocks(form) + begunBlocks(form).join('')),
  },
  twice: {
    ...whole,
    forms: ['responses'],
    write: (response, form) => openStream(response).end(allBlocks(form) + allBlocks(form)),
  },
  'open-after-end': { ...whole, write: (response, form) => openStream(response).write(allBlocks(form)) },
  'comments-after-end': {
    ...whole,
    write(response, form) {
      openStream(response).write(allBlocks(form));
      const timer = setInterval(() => response.write(': still here\n\n'), 100);
      response.on('close', () => clearInterval(timer));
    },
  },
  'events-after-end': {
    ...whole,
    write(response, form) {
      openStream(response).write(allBlocks(form));
      const [, piece = ''] = begunBlocks(form).slice(-2);
      const timer = setInterval(() => response.write(piece), 100);
      response.on('close', () => clearInterval(timer));
    },
  },
  'error-in-200': {
    ...broken,
    billed: 'nothing',
    write: (response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"error":{"message":"scripted","type":"server_error","code":"server_error"}}'),
  },
  'error-event': {
    ...broken,
    billed: 'nothing',
    write: (response, form) =>
      openStream(response).end(
        form === 'completions'
          ? 'data: {"error":{"message":"scripted","code":502}}\n\n'
          : 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"scripted"},"message":"scripted"}\n\n',
      ),
  },
  'error-in-the-middle': {
    ...broken,
    write: (response, form) =>
      openStream(response).end(
        begunBlocks(form).join('') +
          (form === 'completions'
            ? 'data: {"error":{"message":"scripted","code":502}}\n\n'
            : 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"scripted"},"message":"scripted"}\n\n'),
      ),
  },
  'page-in-200': {
    ...broken,
    write: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
  },
  'empty-200': { ...broken, write: (response) => openStream(response).end() },
  'no-json': {
    ...broken,
    write: (response, form) =>
      openStream(response).end(`${begunBlocks(form).join('')}data: {"type":"response.output_text.delta\n\n`),
  },
  'deep-json': {
    ...broken,
    write: (response, form) =>
      openStream(response).end(
        `${begunBlocks(form).join('')}data: {"type":"x","a":${'['.repeat(5000)}${']'.repeat(5000)}}\n\n`,
      ),
  },
  'slow-bytes': { ...whole, write: (response, form) => inPieces(response, Buffer.from(allBlocks(form)), 64, 15) },
  'never-answers': { ...broken, isSilent: true, write: () => {} },
  'head-alone': { ...broken, isSilent: true, write: (response) => openStream(response).flushHeaders() },
  'silent-in-the-middle': {
    ...broken,
    isSilent: true,
    write: (response, form) => openStream(response).write(begunBlocks(form).join('')),
  },
  'event-of-1-mb': {
    ...whole,
    isLarge: true,
    text: LARGE,
    write: (response, form) => openStream(response).end(blocksOf(form, [LARGE]).join('')),
  },
  'text-of-4-mb': {
    ...whole,
    isLarge: true,
    forms: ['completions'],
    text: LARGER,
    write: (response, form) => openStream(response).end(blocksOf(form, LARGER.match(/.{1,65536}/g) ?? []).join('')),
  },
  'event-of-5-mb': {
    ...broken,
    isLarge: true,
    write: (response, form) => openStream(response).end(blocksOf(form, ['a', 'x'.repeat(5_000_000)]).join('')),
  },
  ...HOSTILE_EVENTS,
};
