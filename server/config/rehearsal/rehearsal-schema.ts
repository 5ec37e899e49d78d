// The options of the rehearsal: its times, its limits, and the faults that it injects.
// The defaults behave like a healthy provider; a fault happens only when it is configured.

import { z } from 'zod';
import type { SimulatorOptions } from '../../../adapters/simulators/contract.ts';
import { MAX_TIMER_MS } from '../side/side-limits-schema.ts';

const ms = z.int().min(0).max(MAX_TIMER_MS);
const afterMs = ms.default(0).describe('Time since the connection opened. 0 is before anything else.');

const timesSchema = z.strictObject({
  firstAudioMs: ms.default(350).describe("From the end of the caller's turn to the first piece of audio."),
  firstTextMs: ms.default(250).describe('From a request to the first piece of text or of a function call.'),
  tokenMs: ms.default(20).describe('From one piece of text to the next.'),
  audioSpeed: z.number().min(0.1).max(10_000).default(4).describe('How many times faster than it plays audio is sent.'),
  audioChunkMs: z.int().min(10).max(10_000).default(100).describe('Length of one piece of audio.'),
  transcriptionMs: ms.default(400).describe("From the end of the caller's turn to its transcript."),
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
        .default(1011)
        .describe('Close code. 1005 is a close frame without a code, 1006 none at all.'),
      reason: z.string().max(123).default('').describe('Reason in the close frame.'),
    })
    .optional()
    .describe('Ends the connection.'),
  silence: z.strictObject({ afterMs }).optional().describe('Goes on reading and never sends again.'),
  slowReads: z
    .strictObject({ afterMs, pauseMs: ms.default(0).describe('Time between two messages. 0 never reads again.') })
    .optional()
    .describe('Stops reading its socket.'),
  slowPong: z
    .strictObject({ delayMs: ms.describe('How late.') })
    .optional()
    .describe('Answers pings late.'),
  garbage: z
    .strictObject({
      afterMs,
      kind: z.enum(['text', 'binary', 'utf8', 'opcode', 'masked']).default('text').describe('What is sent.'),
    })
    .optional()
    .describe('Sends what is not JSON (text, binary) or not even a valid WebSocket frame (utf8, opcode, masked).'),
  bigMessage: z
    .strictObject({
      afterMs,
      bytes: z
        .int()
        .min(64)
        .max(256 * 1024 * 1024)
        .default(16 * 1024 * 1024)
        .describe('Size of the event.'),
    })
    .optional()
    .describe('Sends one large event of an unknown type.'),
  refuse: z
    .strictObject({
      status: z.int().min(200).max(599).describe('HTTP status.'),
      body: z
        .string()
        .default('{"error":{"message":"Refused by rehearsal.","type":"server_error","code":null}}')
        .describe('Body of the answer.'),
      contentType: z.string().default('application/json').describe('Content type of the body.'),
      headers: z.record(z.string(), z.string()).default({}).describe('Further headers, for example retry-after.'),
    })
    .optional()
    .describe('Answers every upgrade with this status.'),
});
/** The faults to inject, with their defaults filled in. */
export type RehearsalFaults = Readonly<z.infer<typeof faultsSchema>>;

/** The options in a configuration. An unknown key is refused. */
export const rehearsalSchema = z.strictObject({
  times: timesSchema.prefault({}).describe('How fast it answers.'),
  playbackMs: ms.default(15_000).describe("Longest stretch of the caller's words that is kept and played back."),
  sessionCapMs: ms.default(3_600_000).describe('Length of an OpenAI session.'),
  goAway: z
    .strictObject({
      afterMs: ms.default(540_000).describe('Time since the connection opened.'),
      timeLeftMs: ms.default(60_000).describe('Time from the warning to the close.'),
    })
    .prefault({})
    .describe('The end of a Gemini connection.'),
  awaitPlayback: z
    .boolean()
    .default(true)
    .describe("Whether Gemini's turnComplete waits until the audio would have been played."),
  binaryFrames: z.boolean().default(true).describe("Whether Gemini's JSON goes out in binary frames."),
  rateLimits: z.enum(['start', 'end']).default('end').describe("Place of OpenAI's rate_limits.updated in a response."),
  faults: faultsSchema.prefault({}).describe('Faults to play.'),
});

/** All options with their defaults filled in. */
export type RehearsalSettings = SimulatorOptions & { readonly faults: RehearsalFaults };
/** The options before defaults are filled in: everything is optional. */
export type RehearsalOptions = z.input<typeof rehearsalSchema>;
