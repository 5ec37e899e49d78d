// The kinds of session that the page offers: a dialect and what is exchanged in it. A new dialect gets its lines here.

import type { ClientDialect, Modality } from './dialect.ts';
import { geminiLive } from './gemini-live.ts';
import { openaiRealtime } from './openai-realtime.ts';
import { openaiResponses } from './openai-responses.ts';

export interface Mode {
  readonly id: string;
  readonly label: string;
  readonly dialect: ClientDialect;
  readonly modality: Modality;
}

export const modes: readonly [Mode, ...Mode[]] = [
  { id: 'openai-realtime-voice', label: 'OpenAI Realtime, voice', dialect: openaiRealtime, modality: 'voice' },
  { id: 'openai-realtime-text', label: 'OpenAI Realtime, text', dialect: openaiRealtime, modality: 'text' },
  { id: 'openai-responses-text', label: 'OpenAI Responses, text', dialect: openaiResponses, modality: 'text' },
  { id: 'gemini-live-voice', label: 'Gemini Live, voice', dialect: geminiLive, modality: 'voice' },
];

/** The mode of that id; the first one for an unknown id. */
export function modeOf(id: string): Mode {
  return modes.find((mode) => mode.id === id) ?? modes[0];
}
