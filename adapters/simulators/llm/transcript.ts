// Reads the data that a side task sends, as the stand-in needs it: who said what, in which sentences, and which words carry meaning.

/** One sentence of one side; `isUser` is false for what the assistant and others said. */
export interface Sentence {
  readonly text: string;
  readonly isUser: boolean;
}

export interface ParsedTranscript {
  readonly sentences: readonly Sentence[];
  /** Each side's lines as they came, without what every rehearsal says of itself. */
  readonly lines: readonly Sentence[];
  /** What an earlier summary said; '' when there is none. */
  readonly previous: string;
  /** Speech that was heard and not understood, since nothing here recognises speech: `3 seconds`, ... */
  readonly heard: readonly string[];
}

const INTRODUCTION = /This is the rehearsal provider\.\s*/g;
const HEARD = /^\(?(?:I heard )?(.+?) of speech[.)]*$/;

/** What is inside the tags of a message; a message without tags is all the user's. */
export function parseTranscript(message: string): ParsedTranscript {
  const transcript = block(message, 'transcript');
  const lines = transcript === undefined ? plainLines(block(message, 'text') ?? message) : spokenLines(transcript);
  const heard = lines.filter(({ isUser }) => isUser).flatMap(({ text }) => HEARD.exec(text)?.[1] ?? []);
  const understood = lines.filter(({ text }) => !HEARD.test(text) && text !== '');
  return {
    lines,
    sentences: understood.flatMap(({ text, isUser }) => sentencesOf(text).map((one) => ({ text: one, isUser }))),
    previous: previousOf(block(message, 'previous-summary')),
    heard,
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
    const [, speaker, said] = /^([A-Z][\w ()]{0,40}): (.*)$/.exec(line) ?? [];
    if (speaker === undefined || said === undefined) return [];
    // An echo of the user's words is none of the assistant's own.
    const text = said
      .replace(INTRODUCTION, '')
      .replace(/^You wrote: .*$/, '')
      .trim();
    return [{ text, isUser: speaker === 'User' }];
  });
}

function previousOf(text: string | undefined): string {
  if (text === undefined) return '';
  try {
    const { summary } = JSON.parse(text) as { summary?: unknown };
    return typeof summary === 'string' ? summary : '';
  } catch {
    return text;
  }
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

function sentencesOf(text: string): string[] {
  return [...segmenter.segment(text)].map(({ segment }) => segment.trim()).filter((one) => one !== '');
}

const STOP_WORDS = new Set(
  `a about after all also am an and any are as at be been but by can could did do does for from get give go got had has have he hello
  her hey hi him his how i if in is it its just know let like me may might mine more my no not now of oh ok okay on one or our out
  please she should so some thank thanks that the their them then there these they this to too um up us very want was we well were
  what when where which who why will with would yeah yes you your i'm i'd i'll it's that's don't`.split(/\s+/),
);

/** Words in lower case that carry meaning. */
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

/** The sentences that hold the most of the words that come most often (Luhn's method), best first. */
export function rankSentences(sentences: readonly Sentence[]): readonly Sentence[] {
  const counts = new Map<string, number>();
  for (const { text } of sentences) {
    for (const word of contentWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const scored = sentences.map((sentence) => {
    const words = contentWords(sentence.text);
    const sum = words.reduce((total, word) => total + (counts.get(word) ?? 0), 0);
    // What the user wants is what most calls are about.
    return { sentence, score: (sum / Math.sqrt(words.length + 1)) * (sentence.isUser ? 1.5 : 1) };
  });
  return scored.sort((one, other) => other.score - one.score).map(({ sentence }) => sentence);
}
