// The words of a reply. Rule: every reply begins by saying that it is a rehearsal, and nothing in it is random.

import type { AudioClip } from './reply-audio.ts';

/** The input that a reply answers. */
export type ReplyPrompt =
  /** `playback`: the audio of the speech, which is played back behind the words of the reply. */
  | { readonly kind: 'speech'; readonly speechMs: number; readonly playback?: AudioClip | undefined }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tool'; readonly name: string; readonly output: string }
  | { readonly kind: 'silence' };

const MAX_QUOTED = 160;

export function replyText(prompt: ReplyPrompt): string {
  return `This is the rehearsal provider. ${sentence(prompt)}`;
}

function sentence(prompt: ReplyPrompt): string {
  switch (prompt.kind) {
    case 'speech':
      return `I heard ${wholeSeconds(prompt.speechMs)} of speech.`;
    case 'text':
      return `You wrote: ${quoted(prompt.text)}`;
    case 'tool':
      return `The tool ${prompt.name} answered: ${quoted(prompt.output)}`;
    case 'silence':
      return 'Say something, and I will play it back.';
  }
}

/** A transcript that names only the length of the speech, since no speech is recognised here. The reply names the same length. */
export function speechTranscript(speechMs: number): string {
  return `(${wholeSeconds(speechMs)} of speech)`;
}

/** The pieces in which a text is streamed: words, each with the space before it. */
export function textPieces(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

function wholeSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds === 0) return 'less than one second';
  return seconds === 1 ? '1 second' : `${seconds} seconds`;
}

function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED).trimEnd()} ...` : line;
}
