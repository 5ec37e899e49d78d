// Speaks recordings to a model, each but the first into the answer to the one before, and writes what a caller would have heard.
// Run: node voice.js [first.wav second.wav ...]; the answers go to answer.wav.

import { connectVoice, PlaybackTracker, PlayQueue } from '../../client/index.ts'; // In a project of your own: 'trunkline/client'.
import { readWav, writeWav } from './wav.js';

const RATE_HZ = 24_000;
const CHUNK_MS = 20;
const CHUNK_SAMPLES = (RATE_HZ * CHUNK_MS) / 1000;
/** As much of an answer is heard before it is interrupted. */
const PATIENCE_MS = 1000;
const TARGET = 'answer.wav';

const samples = new URL('../../server/console/public/samples/', import.meta.url);
const given = process.argv.slice(2);
const files = given.length > 0 ? given : [new URL('librivox-0880.wav', samples), new URL('librivox-0930.wav', samples)];
const recordings = readAll(files);

function readAll(paths) {
  try {
    return paths.map((path) => readWav(path, RATE_HZ));
  } catch (error) {
    console.error(`voice.js: ${error.message}`);
    process.exit(1);
  }
}

const tracker = new PlaybackTracker(RATE_HZ);
const queue = new PlayQueue(RATE_HZ / 20);
const heard = [];
let speech = recordings.shift();
let spoken = 0;
let playedOfAnswer = 0;
let isAnswered = false;

const session = connectVoice({
  gateway: process.env.TRUNKLINE_URL ?? 'http://127.0.0.1:8080',
  path: '/v1/realtime',
  query: { model: process.env.TRUNKLINE_MODEL ?? 'gpt-realtime-2.1' },
  credential: process.env.TRUNKLINE_KEY ?? 'my-gateway-key',
  onOpen() {
    const input = { transcription: { model: 'gpt-realtime-whisper' } };
    session.send({ type: 'session.update', session: { type: 'realtime', audio: { input } } });
    clock ??= setInterval(tick, CHUNK_MS);
  },
  onMessage: (event) => take[event.type]?.(event),
  onLost(cause, pauseMs) {
    console.log(`lost (${cause.reason ?? cause.message}): opening again in ${pauseMs} ms`);
    queue.flush();
  },
  onClose(cause) {
    clearInterval(clock);
    if (cause.code === 1000) return;
    console.error(`voice.js: ${cause.message ?? `closed with ${cause.code} ${cause.reason}`}`);
    process.exitCode = 1;
  },
});

const take = {
  'conversation.item.input_audio_transcription.completed': ({ transcript }) => console.log(`you: ${transcript}`),
  'response.output_audio_transcript.done': ({ transcript }) => console.log(`model: ${transcript}`),
  'response.output_audio.delta'({ item_id, content_index, delta }) {
    const bytes = Buffer.from(delta, 'base64');
    const pcm = Int16Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readInt16LE(2 * index));
    if (tracker.receive(item_id, content_index, pcm.length)) queue.push(item_id, pcm);
  },
  'response.output_audio.done': ({ item_id }) => tracker.end(item_id),
  'response.done'({ response }) {
    queue.finish();
    if (response.status === 'failed') fail(response.status_details?.error?.message ?? 'the answer failed');
    isAnswered = response.status === 'completed' && recordings.length === 0 && spoken >= speech.length;
  },
  'input_audio_buffer.speech_started': interrupt,
  error: ({ error }) => fail(error.message),
};

/** Stops playing, and tells the model how much of its words were heard. */
function interrupt() {
  tracker.refuseAll();
  isAnswered = false;
  playedOfAnswer = 0;
  for (const { itemId, contentIndex, playedMs, receivedMs } of tracker.truncations(queue.flush(), 0)) {
    const place = { item_id: itemId, content_index: contentIndex, audio_end_ms: playedMs };
    session.send({ type: 'conversation.item.truncate', ...place });
    console.log(`interrupted: ${playedMs} ms were heard of ${receivedMs} ms that had come`);
  }
}

function fail(message) {
  console.error(`voice.js: ${message}`);
  process.exitCode = 1;
  session.close();
}

let clock;
const startedAt = performance.now();
let ticks = 0;

/** Speaks and plays as much as is due: a timer alone would be late a little each time. */
function tick() {
  for (; ticks * CHUNK_MS < performance.now() - startedAt; ticks++) {
    speak();
    play();
  }
  if (isAnswered && queue.queuedSamples === 0) finish();
}

/** Sends the next piece of speech, or of the silence behind it, in which the model hears that it is its turn. */
function speak() {
  if (playedOfAnswer * 1000 >= PATIENCE_MS * RATE_HZ && recordings.length > 0) {
    speech = recordings.shift();
    spoken = 0;
  }
  const chunk = new Int16Array(CHUNK_SAMPLES);
  chunk.set(speech.subarray(spoken, spoken + CHUNK_SAMPLES));
  spoken += CHUNK_SAMPLES;
  session.send({ type: 'input_audio_buffer.append', audio: Buffer.from(chunk.buffer).toString('base64') });
}

/** Plays the next piece. A loudspeaker would stand where this collects. */
function play() {
  const before = queue.totalPlayed;
  const out = new Float32Array(CHUNK_SAMPLES);
  queue.pull(out);
  playedOfAnswer += queue.totalPlayed - before;
  if (queue.totalPlayed > before) heard.push(Int16Array.from(out, (value) => value * 32_768));
}

function finish() {
  const answer = Int16Array.from(heard.flatMap((piece) => [...piece]));
  writeWav(TARGET, answer, RATE_HZ);
  console.log(`${TARGET}: ${(answer.length / RATE_HZ).toFixed(1)} s`);
  session.close();
}
