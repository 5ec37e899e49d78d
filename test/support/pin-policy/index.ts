// All policies that the tests of pins try.

import type { PinPolicy } from './cases.ts';
import { realtimePolicy } from './realtime.ts';
import { transcriptionPolicy, translationPolicy } from './transcription.ts';

export const policies: readonly (readonly [name: string, policy: PinPolicy])[] = [
  ['openai-realtime', realtimePolicy],
  ['openai-realtime, transcription', transcriptionPolicy],
  ['openai-translation', translationPolicy],
];
