// Reads the transcript in the request of a side task: speakers, sentences, and the words that carry meaning.

import { isObject, parseJson, textAt } from '../../../codecs/json/object.ts';

/** A sentence of one speaker. `isUser`: false for the assistant and for others. */
export interface Sentence {
  readonly text: string;
  readonly isUser: boolean;
}

export interface ParsedTranscript {
  readonly sentences: readonly Sentence[];
  /** The lines as they came, without the introduction of the rehearsal's own replies. */
  readonly lines: readonly Sentence[];
  /** The earlier summary; '' when there is none. */
  readonly previousSummary: string;
  /** Lengths of the user's speech, such as `3 seconds`: a rehearsal recognises no words in it. */
  readonly speechLengths: readonly string[];
}

const INTRODUCTION = /This is the rehearsal provider\.\s*/g;
/** Speech of the user, which may stand beside what was written in the same turn, and the answer to it. */
const SPEECH = /\(((?:\d+|less than one) seconds?) of speech\)|^I heard .+ of speech\.$/g;

/** Parses the tagged transcript in a message. A message without tags counts as the user's words. */
export function parseTranscript(message: string): ParsedTranscript {
  const transcript = block(message, 'transcript');
  const lines = transcript === undefined ? plainLines(block(message, 'text') ?? message) : spokenLines(transcript);
  const ofUser = lines.filter(({ isUser }) => isUser);
  const speechLengths = ofUser.flatMap(({ text }) => [...text.matchAll(SPEECH)].flatMap(([, length]) => length ?? []));
  return {
    lines,
    sentences: lines.flatMap(({ text, isUser }) =>
      sentencesOf(text.replace(SPEECH, '')).map((sentence) => ({ text: sentence, isUser })),
    ),
    previousSummary: summaryIn(block(message, 'previous-summary')),
    speechLengths,
  };
}

function block(message: string, tag: string): string | undefined {
  const start = message.indexOf(`<${tag}>`);
  const end = message.lastIndexOf(`</${tag}>`);
  return start < 0 || end < start ? undefined : message.slice(start + tag.length + 2, end).trim();
}

function plainLines(text: string): Sentence[] {
  return text.split('\n').map((line) => ({ text: line.trim(), isUser: true }));
}

function spokenLines(transcript: string): Sentence[] {
  return transcript.split('\n').flatMap((line) => {
    const [, speaker, words] = /^([A-Z][\w ()]{0,40}): (.*)$/.exec(line) ?? [];
    if (speaker === undefined || words === undefined) return [];
    // An echo of the user's words is not the assistant's own text.
    const text = words
      .replace(INTRODUCTION, '')
      .replace(/^You wrote: .*$/, '')
      .trim();
    return [{ text, isUser: speaker === 'User' }];
  });
}

function summaryIn(text: string | undefined): string {
  if (text === undefined) return '';
  const json = parseJson(text);
  return json === undefined ? text : (textAt(isObject(json) ? json : undefined, 'summary') ?? '');
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

function sentencesOf(text: string): string[] {
  return [...segmenter.segment(text)].map(({ segment }) => segment.trim()).filter((sentence) => sentence !== '');
}

const STOP_WORDS = new Set(
  `a about after all also am an and any are as at be been but by can could did do does for from get give go got had has have he hello
  her hey hi him his how i if in is it its just know let like me may might mine more my no not now of oh ok okay on one or our out
  please she should so some thank thanks that the their them then there these they this to too um up us very want was we well were
  what when where which who why will with would yeah yes you your i'm i'd i'll it's that's don't`.split(/\s+/),
);

/** The words that carry meaning, in lower case. */
export function contentWords(text: string): string[] {
  return wordsOf(text).filter((word) => word.length > 1 && !STOP_WORDS.has(word));
}

export function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll('’', "'")
      .match(/[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*/gu) ?? []
  );
}

/** Ranks sentences by how many of the most frequent words they hold (Luhn's method), best first. */
export function rankSentences(sentences: readonly Sentence[]): readonly Sentence[] {
  const counts = new Map<string, number>();
  for (const { text } of sentences) {
    for (const word of contentWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const scored = sentences.map((sentence) => {
    const words = contentWords(sentence.text);
    const sum = words.reduce((total, word) => total + (counts.get(word) ?? 0), 0);
    // Calls are mostly about the wishes of the user.
    return { sentence, score: (sum / Math.sqrt(words.length + 1)) * (sentence.isUser ? 1.5 : 1) };
  });
  return scored.sort((a, b) => b.score - a.score).map(({ sentence }) => sentence);
}
