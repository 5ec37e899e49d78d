// All policies that the tests of pins try.

import type { PinPolicy } from './cases.ts';
import { deepgramPolicy } from './deepgram.ts';
import { geminiPolicy, maskedGeminiPolicy } from './gemini.ts';
import { livePolicy } from './live.ts';
import { realtimePolicy } from './realtime.ts';
import { responsesPolicy } from './responses.ts';
import { transcriptionPolicy, translationPolicy } from './transcription.ts';

export const policies: readonly (readonly [name: string, policy: PinPolicy])[] = [
  ['openai-realtime', realtimePolicy],
  ['openai-realtime, transcription', transcriptionPolicy],
  ['openai-translation', translationPolicy],
  ['openai-responses', responsesPolicy],
  ['openai-live', livePolicy],
  ['gemini-live', geminiPolicy],
  ['gemini-live, some fields', maskedGeminiPolicy],
  ['deepgram-agent', deepgramPolicy],
];
