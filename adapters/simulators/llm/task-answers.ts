// The answers of the rehearsal to the built-in kinds of side tasks: sentences of the transcript, and counts of words.

import type { JsonObject } from '../../../codecs/json/object.ts';
import { DANGERS, DUE_DATE, LABEL_WORDS, NEGATIVE, OUTCOMES, POLITE, POSITIVE, REST_LABEL } from './keywords.ts';
import { contentWords, type ParsedTranscript, rankSentences, type Sentence, wordsOf } from './transcript.ts';

interface RehearsalTask {
  readonly transcript: ParsedTranscript;
  readonly schema: JsonObject;
  /** The system message, which holds labels and rubric. */
  readonly instructions: string;
}

/** Answers by the name of the response schema, which is the kind of the task. */
export const TASK_ANSWERS: Readonly<Record<string, (task: RehearsalTask) => JsonObject>> = {
  summary: ({ transcript }) => ({ summary: summaryOf(transcript), points: pointsOf(transcript) }),
  title: ({ transcript }) => ({ title: titleOf(transcript) }),
  classification: ({ transcript, schema }) => classification(transcript, labelsOf(schema)),
  'sentiment-and-outcome': ({ transcript }) => sentiment(transcript),
  'action-items': ({ transcript }) => ({ items: transcript.sentences.flatMap(actionItemsOf).slice(0, 10) }),
  moderation: ({ transcript }) => moderation(transcript),
  quality: ({ transcript, instructions }) => quality(transcript, instructions),
  'rolling-summary': ({ transcript }) => ({
    summary: [transcript.previousSummary, summaryOf(transcript)].filter((text) => text !== '').join(' '),
    open: pointsOf(transcript).filter((point) => point.endsWith('?')),
  }),
};

const SUMMARY_SENTENCES = 3;

function summaryOf({ sentences, speechLengths }: ParsedTranscript): string {
  const best = new Set(rankSentences(sentences).slice(0, SUMMARY_SENTENCES));
  const chosen = sentences.filter((sentence) => best.has(sentence));
  const parts = chosen.map(({ text, isUser }, index) => {
    const isSameSpeaker = chosen[index - 1]?.isUser === isUser;
    return isSameSpeaker ? text : `${isUser ? 'The user said:' : 'The assistant answered:'} ${text}`;
  });
  const lengths = speechLengths.slice(0, 5).join(', ');
  if (speechLengths.length > 0) parts.unshift(`The user spoke ${times(speechLengths.length)} (${lengths}).`);
  return parts.join(' ') || 'Nothing was said that could be understood.';
}

function pointsOf({ sentences, speechLengths }: ParsedTranscript): string[] {
  const points = rankSentences(sentences).slice(0, 5);
  if (points.length === 0) return speechLengths.slice(0, 5).map((length) => `The user spoke for ${length}.`);
  return sentences.filter((sentence) => points.includes(sentence)).map(({ text }) => text);
}

const times = (count: number) => (count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`);

const OPENERS =
  /^(?:(?:hello|hi|hey|good (?:morning|afternoon|evening)|well|so|um|ok|okay|yes|please|(?:can|could|would|will) you(?: please)?|i(?: would|'d) like(?: to)?|i (?:want|need)(?: to)?|tell me(?: about)?|my name is \w+)[\s,.!]+)+/i;
const TITLE_WORDS = 8;

function titleOf({ sentences, speechLengths }: ParsedTranscript): string {
  const users = sentences.filter(({ isUser }) => isUser);
  const best = rankSentences(users.length > 0 ? users : sentences)[0]?.text ?? '';
  const all = (best.replace(OPENERS, '') || best).replace(/[.!?,;:\s]+$/, '').split(/\s+/);
  const words = (all.length > TITLE_WORDS ? phraseOf(all.slice(0, TITLE_WORDS)) : all).join(' ');
  if (words !== '') return words.charAt(0).toUpperCase() + words.slice(1);
  return speechLengths[0] === undefined ? 'A silent call' : `Rehearsal call, ${speechLengths[0]} of speech`;
}

/** Cuts words off behind the last comma that leaves a phrase, where there is one. */
function phraseOf(words: readonly string[]): readonly string[] {
  const end = words.findLastIndex((word) => /[,;:]$/.test(word));
  return end < 2 ? words : [...words.slice(0, end), (words[end] as string).slice(0, -1)];
}

function labelsOf(schema: JsonObject): readonly string[] {
  const { label } = (schema.properties ?? {}) as { label?: { enum?: unknown } };
  return Array.isArray(label?.enum) ? label.enum.filter((label) => typeof label === 'string') : [];
}

function classification({ sentences }: ParsedTranscript, labels: readonly string[]): JsonObject {
  const text = textOf(sentences.filter(({ isUser }) => isUser)) || textOf(sentences);
  const scores = labels.map((label) => ({
    label,
    score: countMatches(text, LABEL_WORDS[label.toLowerCase()]) + 2 * labelWordsIn(text, label),
  }));
  const best = [...scores].sort((a, b) => b.score - a.score)[0];
  const total = scores.reduce((sum, { score }) => sum + score, 0);
  if (best !== undefined && best.score > 0) return { label: best.label, confidence: rounded(best.score / (total + 1)) };
  return { label: labels.find((label) => REST_LABEL.test(label)) ?? labels[0] ?? '', confidence: 0.1 };
}

/** Counts the label's own words in the text. */
function labelWordsIn(text: string, label: string): number {
  const words = new Set(wordsOf(text));
  return contentWords(label.replace(/[-_]/g, ' ')).filter((word) => words.has(word)).length;
}

function sentiment({ sentences }: ParsedTranscript): JsonObject {
  const text = textOf(sentences.filter(({ isUser }) => isUser));
  const [good, bad] = [countMatches(text, POSITIVE), countMatches(text, NEGATIVE)];
  const mood = good > 0 && bad > 0 ? 'mixed' : good > 0 ? 'positive' : bad > 0 ? 'negative' : 'neutral';
  const outcome = OUTCOMES.find(([, pattern]) => pattern.test(text))?.[0] ?? 'unknown';
  return { sentiment: mood, outcome, reason: `${good} positive and ${bad} negative words of the user were counted.` };
}

function actionItemsOf({ text, isUser }: Sentence): JsonObject[] {
  const due = DUE_DATE.exec(text)?.[1] ?? null;
  const promise = /\b(?:i|we)(?:'ll| will| am going to|'m going to| promise to) (.+?)[.!?]*$/i.exec(text)?.[1];
  if (promise !== undefined) return [{ action: promise, owner: isUser ? 'user' : 'assistant', due }];
  const demand =
    /\b(?:please|(?:can|could|would|will) you(?: please)?|remind me to|you should|don't forget to) (.+?)[.!?]*$/i.exec(
      text,
    )?.[1];
  return demand === undefined ? [] : [{ action: demand, owner: isUser ? 'assistant' : 'user', due }];
}

const SEVERITIES = ['none', 'low', 'medium', 'high'] as const;

function moderation({ sentences }: ParsedTranscript): JsonObject {
  const text = textOf(sentences);
  const found = DANGERS.filter(([, , pattern]) => pattern.test(text));
  const worst = Math.max(0, ...found.map(([, severity]) => SEVERITIES.indexOf(severity)));
  return { flagged: worst > 1, severity: SEVERITIES[worst], categories: found.map(([category]) => category) };
}

/** Scores the criteria of the rubric by what can be counted. */
function quality({ lines }: ParsedTranscript, instructions: string): JsonObject {
  const rubric = instructions.split('The rubric:\n')[1]?.split('\n\n')[0] ?? '';
  const names = rubric.split('\n').flatMap((line) => /^[-*\s]*([\w -]{2,40}):/.exec(line)?.[1] ?? []);
  const criteria = (names.length > 0 ? names : ['answers'])
    .slice(0, 20)
    .map((name) => ({ name, ...scoreOf(name, lines) }));
  return { criteria, overall: rounded(criteria.reduce((sum, { score }) => sum + score, 0) / criteria.length) };
}

/** Words of an answer; a longer one is hard to follow by ear. */
const MANY_WORDS = 60;

function scoreOf(name: string, lines: readonly Sentence[]): { score: number; reason: string } {
  const answers = lines.filter(({ isUser }) => !isUser).map(({ text }) => text);
  const userTurns = lines.filter(({ isUser }) => isUser).length;
  if (/clar/i.test(name)) {
    const short = answers.filter((text) => wordsOf(text).length <= MANY_WORDS).length;
    return {
      score: share(short, answers.length),
      reason: `${short} of ${answers.length} answers are short enough to follow by ear.`,
    };
  }
  if (/tone|polite/i.test(name)) {
    const polite = answers.filter((text) => POLITE.test(text)).length;
    const score = rounded(0.6 + 0.4 * share(polite, answers.length));
    return { score, reason: `${polite} of ${answers.length} answers have a polite word.` };
  }
  return {
    score: share(answers.length, userTurns),
    reason: `${answers.length} answers to ${userTurns} turns of the user; a rehearsal judges no more.`,
  };
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : rounded(Math.min(1, part / whole)));
const rounded = (value: number) => Math.round(value * 100) / 100;
const textOf = (sentences: readonly Sentence[]) => sentences.map(({ text }) => text).join(' ');
const countMatches = (text: string, pattern: RegExp | undefined) => (pattern ? (text.match(pattern)?.length ?? 0) : 0);
