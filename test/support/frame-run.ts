// Feeds a frame reader in pieces, from memory that is reused after each read, and compares it with the reference after each.

import { expect } from 'vitest';
import type { Frame } from '../../codecs/websocket/frame.ts';
import type { ReadEnd } from '../../codecs/websocket/frame-batch.ts';
import { FrameReader } from '../../codecs/websocket/frame-reader.ts';
import { unmask } from '../../codecs/websocket/mask.ts';
import { FrameReference, type ReferenceOptions, type Step } from './frame-reference.ts';

export interface RunOptions extends ReferenceOptions {
  readonly maxBufferedChunks?: number;
}

/** The results of all reads. */
export interface FrameRun {
  readonly passed: Buffer;
  readonly messages: readonly { readonly data: Buffer; readonly binary: boolean }[];
  readonly controls: readonly { readonly name: string; readonly payload: Buffer }[];
  /** Messages that the gate has decided about. */
  readonly asked: readonly Buffer[];
  readonly end: string | undefined;
  /** The results after each read. */
  readonly steps: readonly Step[];
  /** Offsets at which the reads ended. */
  readonly cuts: readonly number[];
}

/** Returns the length of the next piece. */
export type Cut = () => number;

export function runFrames(wire: Buffer, cut: Cut, options: RunOptions): FrameRun {
  const { refuses, mutedAt = Infinity } = options;
  const asked: Buffer[] = [];
  const gate = ({ data }: Frame): (() => void) | undefined => {
    asked.push(Buffer.from(data));
    return refuses?.(data) ? () => {} : undefined;
  };
  const reader = new FrameReader({
    ...{ maxBufferedChunks: 1_000_000, ...options },
    gate: refuses === undefined ? undefined : gate,
  });
  const [passed, messages, controls]: [Buffer[], { data: Buffer; binary: boolean }[], FrameRun['controls'][number][]] =
    [[], [], []];
  const steps: Step[] = [];
  const cuts: number[] = [];
  let passedBytes = 0;
  let end: string | undefined;
  for (let offset = 0; offset < wire.length && end === undefined; ) {
    if (offset === mutedAt) reader.mute();
    const wanted = offset + cut();
    const to = Math.min(wire.length, offset < mutedAt ? Math.min(wanted, mutedAt) : wanted);
    const chunk = Buffer.from(wire.subarray(offset, to));
    const batch = reader.read(chunk, to);
    for (const run of batch.runs) {
      passed.push(Buffer.from(run));
      passedBytes += run.length;
    }
    for (const { data, binary } of batch.frames) messages.push({ data: Buffer.from(data), binary });
    for (const { name, payload } of batch.controls) controls.push({ name, payload: Buffer.from(payload) });
    if (batch.end !== undefined) end = endText(batch.end);
    spoil(chunk);
    const { isBetweenFrames, isBetweenMessages } = reader;
    const counts = { passed: passedBytes, messages: messages.length, controls: controls.length };
    steps.push({ ...counts, isBetweenFrames, isBetweenMessages, end });
    cuts.push(to);
    offset = to;
  }
  return { passed: Buffer.concat(passed), messages, controls, asked, end, steps, cuts };
}

/** Runs a reader, and checks each step against the reference. */
export function runAsReference(wire: Buffer, cut: Cut, options: RunOptions): FrameRun {
  const run = runFrames(wire, cut, options);
  const reference = new FrameReference(wire, options);
  const steps = run.cuts.map((now, index) => reference.after(run.cuts[index - 1] ?? 0, now));
  const last = steps.at(-1);
  expectSameSteps(run.steps, steps);
  expectSame(run.passed, Buffer.concat(reference.passing).subarray(0, last?.passed));
  const messages = reference.messages.slice(0, last?.messages);
  expect(run.messages.map(({ binary }) => binary)).toEqual(messages.map(({ binary }) => binary));
  expectSameAll(dataOf(run.messages), dataOf(messages));
  expect(run.controls).toEqual(reference.controls.slice(0, last?.controls));
  if (options.refuses !== undefined && run.end !== 'refused') {
    expectSameAll(run.asked, dataOf(run.messages));
  }
  return run;
}

/** Compares all steps as text, and one by one only where they differ: there may be a hundred thousand. */
function expectSameSteps(actual: readonly Step[], expected: readonly Step[]): void {
  const [seen, wanted] = [actual, expected].map((steps) => steps.map((step) => JSON.stringify(step)));
  if (seen?.join() !== wanted?.join()) expect(seen).toEqual(wanted);
}

/** Compares buffers at once: a difference byte by byte would take minutes to print. */
export function expectSame(actual: Buffer, expected: Buffer): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.equals(expected)).toBe(true);
}

function expectSameAll(actual: readonly Buffer[], expected: readonly Buffer[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [index, bytes] of actual.entries()) expectSame(bytes, expected[index] ?? Buffer.alloc(0));
}

const dataOf = (messages: readonly { readonly data: Buffer }[]): readonly Buffer[] => messages.map(({ data }) => data);

function endText(end: ReadEnd): string {
  if (end.name === 'refused') return 'refused';
  return end.name === 'broken' ? `broken ${end.code}` : `closed ${end.payload.toString('hex')}`;
}

/** Overwrites the chunk and the memory that it was unmasked in: the reader must have kept copies. */
function spoil(chunk: Buffer): void {
  chunk.fill(0xff);
  unmask(Buffer.alloc(chunk.length + 64, 0xee), { from: 0, to: chunk.length + 64, mask: 0, read: 0 }, 0);
}
