// The options of the rehearsal provider: how fast it answers, its caps, and the faults that it plays.
// Rule: the defaults behave like a healthy provider; a fault happens only when it is asked for.

import { z } from 'zod';
import type { SimulatorOptions } from '../../adapters/simulators/contract.ts';

/** Node's longest timer. */
const MAX_MS = 2_147_483_647;
const ms = z.int().min(0).max(MAX_MS);
const afterMs = ms.default(0).describe('since the connection opened; 0: before anything else');

const timesSchema = z.strictObject({
  firstAudioMs: ms.default(350).describe("end of the caller's turn to the first piece of audio"),
  firstTextMs: ms.default(250).describe('request to the first piece of text or of a function call'),
  tokenMs: ms.default(20).describe('from one piece of text to the next'),
  audioSpeed: z.number().min(0.1).max(10_000).default(4).describe('audio is sent so many times faster than it plays'),
  audioChunkMs: z.int().min(10).max(10_000).default(100).describe('length of one piece of audio'),
  transcriptionMs: ms.default(400).describe("end of the caller's turn to its transcript"),
});

const faultsSchema = z.strictObject({
  close: z
    .strictObject({
      afterMs,
      code: z
        .int()
        .refine((code) => [1000, 1001, 1002, 1003, 1005, 1006].includes(code) || (code >= 1007 && code <= 4999), {
          error: 'expected a close code; 1005: a close frame without a code, 1006: none at all',
        })
        .default(1011),
      reason: z.string().max(123).default(''),
    })
    .optional()
    .describe('ends the connection'),
  silence: z.strictObject({ afterMs }).optional().describe('goes on reading and never sends again'),
  slowReads: z
    .strictObject({ afterMs, pauseMs: ms.default(0).describe('between two messages; 0: never reads again') })
    .optional()
    .describe('stops reading its socket'),
  slowPong: z.strictObject({ delayMs: ms }).optional().describe('answers pings late'),
  garbage: z
    .strictObject({ afterMs, kind: z.enum(['text', 'binary', 'utf8', 'opcode', 'masked']).default('text') })
    .optional()
    .describe('text and binary: not JSON; utf8, opcode, masked: not even a valid WebSocket frame'),
  bigMessage: z
    .strictObject({
      afterMs,
      bytes: z
        .int()
        .min(64)
        .max(256 * 1024 * 1024)
        .default(16 * 1024 * 1024),
    })
    .optional()
    .describe('one large event of an unknown type'),
  refuse: z
    .strictObject({
      status: z.int().min(200).max(599),
      body: z.string().default('{"error":{"message":"Refused by rehearsal.","type":"server_error","code":null}}'),
      contentType: z.string().default('application/json'),
      headers: z.record(z.string(), z.string()).default({}).describe('for example retry-after'),
    })
    .optional()
    .describe('answers every upgrade with this status'),
});
/** The faults to play, with their defaults filled in. */
export type RehearsalFaults = Readonly<z.infer<typeof faultsSchema>>;

/** The options as a configuration may give them. An unknown key is refused. */
export const rehearsalSchema = z.strictObject({
  times: timesSchema.prefault({}),
  playbackMs: ms.default(15_000).describe("most of the caller's words that is kept and played back"),
  sessionCapMs: ms.default(3_600_000).describe('length of an OpenAI session'),
  goAway: z
    .strictObject({
      afterMs: ms.default(540_000).describe('since the connection opened'),
      timeLeftMs: ms.default(60_000).describe('from the warning to the close'),
    })
    .prefault({})
    .describe('the end of a Gemini connection'),
  awaitPlayback: z
    .boolean()
    .default(true)
    .describe("Gemini's turnComplete waits until the audio would have been played"),
  binaryFrames: z.boolean().default(true).describe("Gemini's JSON goes out in binary frames"),
  rateLimits: z.enum(['start', 'end']).default('end').describe("place of OpenAI's rate_limits.updated in a response"),
  faults: faultsSchema.prefault({}),
});

/** All options, with their defaults filled in. */
export type Rehearsal = SimulatorOptions & { readonly faults: RehearsalFaults };
/** Options as they may be given: everything is optional. */
export type RehearsalOptions = z.input<typeof rehearsalSchema>;
