// The event log: bounded, filterable, without audio unless asked for.

import { describe, expect, test } from 'vitest';
import type { LoggedFrame } from '../../../../server/console/session/connection.ts';
import {
  EventLog,
  elideAudio,
  foldTurns,
  type LogFilter,
  toJsonl,
  typeOf,
} from '../../../../server/console/state/event-log.ts';

const everything: LogFilter = { text: '', direction: 'both', audio: true };
const withoutAudio: LogFilter = { ...everything, audio: false };
const sound = 'QUJD'.repeat(40);
let clock = 0;

function record(log: EventLog, direction: LoggedFrame['direction'], message: Record<string, unknown>): void {
  const text = JSON.stringify(message);
  clock += 10;
  log.record({ direction, text, bytes: text.length, binary: false, at: clock }, message);
}

function filled(): EventLog {
  const log = new EventLog();
  record(log, 'upstream', { type: 'session.update' });
  record(log, 'upstream', { type: 'input_audio_buffer.append', audio: sound });
  record(log, 'downstream', { type: 'response.output_audio.delta', delta: sound });
  record(log, 'downstream', { type: 'response.output_text.delta', delta: 'Good morning' });
  return log;
}

describe('selecting', () => {
  test('audio frames are hidden unless they are asked for, and then stand in the order of the wire', () => {
    expect(
      filled()
        .select(withoutAudio)
        .map(({ seq }) => seq),
    ).toEqual([1, 4]);
    expect(
      filled()
        .select(everything)
        .map(({ seq }) => seq),
    ).toEqual([1, 2, 3, 4]);
  });

  test('entries are selected by direction, and by text in the type or in the frame', () => {
    const log = filled();
    expect(log.select({ ...withoutAudio, direction: 'upstream' }).map(({ type }) => type)).toEqual(['session.update']);
    expect(log.select({ ...withoutAudio, text: 'MORNING' }).map(({ seq }) => seq)).toEqual([4]);
    expect(log.select({ ...withoutAudio, text: 'session.' }).map(({ seq }) => seq)).toEqual([1]);
  });
});

describe('audio', () => {
  test('audio is left out when a frame is recorded, in every place where it may be', () => {
    const message = {
      realtimeInput: { audio: { data: sound, mimeType: 'audio/pcm' } },
      parts: [{ inlineData: { data: sound } }],
      delta: 'plain words are kept, however long they are, since they are not base64 at all',
      audio: 'QUJD',
    };
    expect(elideAudio(message)).toEqual({
      realtimeInput: { audio: { data: '(160 base64 characters)', mimeType: 'audio/pcm' } },
      parts: [{ inlineData: { data: '(160 base64 characters)' } }],
      delta: message.delta,
      audio: 'QUJD',
    });
    expect(filled().select(everything)[1]?.text).not.toContain(sound);
  });

  test('audio is kept from the moment it is asked for', () => {
    const log = filled();
    log.keepAudio = true;
    record(log, 'upstream', { type: 'input_audio_buffer.append', audio: sound });
    const kept = log.select(everything).map(({ text }) => text.includes(sound));
    expect(kept).toEqual([false, false, false, false, true]);
  });
});

test('memory is bounded, and audio never pushes other events out', () => {
  const log = new EventLog({ maxEvents: 10, maxAudio: 10 });
  record(log, 'upstream', { type: 'session.update' });
  for (let i = 0; i < 500; i++) record(log, 'upstream', { type: 'input_audio_buffer.append', audio: sound });
  expect(log.select(withoutAudio)).toHaveLength(1);
  expect(log.select(everything).length).toBeLessThanOrEqual(12);
  for (let i = 0; i < 500; i++) record(log, 'downstream', { type: 'error' });
  expect(log.select(withoutAudio).length).toBeLessThanOrEqual(11);
  expect(log.total).toBe(1001);
});

test('neighbours of the same type and direction are one run, so that a reply is a few rows', () => {
  const log = new EventLog();
  const delta = { type: 'response.output_text.delta' };
  for (let i = 0; i < 20; i++) record(log, 'downstream', delta);
  record(log, 'downstream', { type: 'response.output_text.done' });
  record(log, 'upstream', { type: 'error' });
  record(log, 'downstream', { type: 'error' });
  record(log, 'downstream', delta);
  const runs = foldTurns(log.select(withoutAudio)).flatMap((group) => group.runs);
  expect(runs.map((run) => [run[0].type, run.length])).toEqual([
    ['response.output_text.delta', 20],
    ['response.output_text.done', 1],
    ['error', 1],
    ['error', 1],
    ['response.output_text.delta', 1],
  ]);
  expect(runs.flat().map(({ seq }) => seq)).toEqual(log.select(withoutAudio).map(({ seq }) => seq));
  expect(foldTurns([])).toEqual([]);
});

test('a turn has its rows together, and what it takes; audio that is hidden is in no sum', () => {
  const log = new EventLog();
  record(log, 'downstream', { type: 'session.created' });
  for (let turn = 1; turn <= 40; turn++) {
    record(log, 'upstream', { type: 'conversation.item.create', item: { type: 'message' } });
    record(log, 'upstream', { type: 'response.create' });
    record(log, 'downstream', { type: 'response.output_audio.delta', delta: sound });
    for (let i = 0; i < 5; i++) record(log, 'downstream', { type: 'response.output_text.delta' });
    record(log, 'downstream', { type: 'response.done' });
  }
  const groups = foldTurns(log.select(withoutAudio));
  expect(groups.map(({ turn, frames }) => [turn, frames])).toEqual([
    [0, 1],
    ...Array.from({ length: 40 }, (_, index) => [index + 1, 8]),
  ]);
  expect(groups[1]?.runs.map((run) => run.length)).toEqual([1, 1, 5, 1]);
  expect(groups[1]?.bytes).toBe(groups[1]?.runs.flat().reduce((sum, { bytes }) => sum + bytes, 0));
  expect(foldTurns(log.select(everything))[1]?.frames).toBe(9);
});

test('the export has one JSON object per line, with the frame as JSON', () => {
  const lines = toJsonl(filled().select(withoutAudio)).split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { atMs: 0, direction: 'upstream', type: 'session.update', bytes: 25, frame: { type: 'session.update' } },
    {
      atMs: 30,
      direction: 'downstream',
      type: 'response.output_text.delta',
      bytes: 60,
      frame: { type: 'response.output_text.delta', delta: 'Good morning' },
    },
  ]);
});

test('a frame that is not JSON is recorded as it is', () => {
  const log = new EventLog();
  log.record({ direction: 'downstream', text: 'hello', bytes: 5, binary: false, at: 1 }, undefined);
  expect(log.select(withoutAudio)).toMatchObject([{ type: 'not JSON', text: 'hello' }]);
  expect(toJsonl(log.select(withoutAudio))).toContain('"frame":"hello"');
});

test('messages without a type are named by their keys', () => {
  expect(typeOf({ setupComplete: {} })).toBe('setupComplete');
  expect(typeOf({ serverContent: { modelTurn: {}, turnComplete: true }, usageMetadata: {} })).toBe(
    'serverContent.modelTurn + serverContent.turnComplete + usageMetadata',
  );
  expect(typeOf({ realtimeInput: { audio: {} } })).toBe('realtimeInput.audio');
  expect(typeOf({})).toBe('empty object');
});
