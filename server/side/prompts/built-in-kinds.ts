// The built-in kinds of side tasks. Adding a kind is one entry here. The form of a result is also sent to the model, so it keeps to what
// endpoints with structured output understand: every field required, nothing else allowed, no lengths of strings. What an answer has beyond
// its form is left out.

import { z } from 'zod';

interface BuiltInKind {
  /** Task of the model; the data follows in a message of its own. */
  readonly instructions: string;
  /** Form of the result. A kind without one takes the schema of its settings. */
  readonly result?: (labels: readonly string[]) => z.ZodType;
  /** Setting that the kind cannot do without, unless it has a schema of its own. */
  readonly needs?: 'labels' | 'schema';
  /** Criteria that it scores by, where none are configured. */
  readonly rubric?: string;
}

const words = z.string().refine((text) => text.trim() !== '', 'expected some text');
const share = z.number().min(0).max(1);

const kinds = {
  summary: {
    instructions: 'Summarise the conversation for someone who has to take the case over. Say only what was said.',
    result: () =>
      z.object({
        summary: words.describe('two to four sentences: what was wanted, what happened, how it ended'),
        points: z.array(words).max(10).describe('the facts worth keeping, one short sentence each'),
      }),
  },
  title: {
    instructions: 'Give the conversation a title by which its participants would find it again.',
    result: () => z.object({ title: words.describe('at most eight words, no full stop') }),
  },
  classification: {
    instructions: 'Choose the one label that fits the conversation best, and say how sure you are, from 0 to 1.',
    needs: 'labels',
    result: (labels) => z.object({ label: z.enum(labels), confidence: share }),
  },
  'sentiment-and-outcome': {
    instructions: "Judge the user's sentiment at the end, and whether what the user wanted was achieved.",
    result: () =>
      z.object({
        sentiment: z.enum(['positive', 'neutral', 'negative', 'mixed']).describe('of the user, at the end'),
        outcome: z.enum(['resolved', 'unresolved', 'escalated', 'abandoned', 'unknown']),
        reason: words.describe('one sentence'),
      }),
  },
  'action-items': {
    instructions:
      'List what somebody said they would do, or was asked and agreed to do, after the conversation. Invent nothing.',
    result: () =>
      z.object({
        items: z
          .array(
            z.object({
              action: words,
              owner: z.enum(['user', 'assistant', 'other']),
              due: z.string().nullable().describe('as it was said; null when it was not'),
            }),
          )
          .max(50),
      }),
  },
  extraction: {
    instructions:
      'Fill the fields of the schema with what was said. Where nothing was said, use null if the schema allows it.',
    needs: 'schema',
  },
  moderation: {
    instructions:
      'Say whether anything in the conversation, by whichever side, falls under one of the categories, and how severe it is.',
    result: () =>
      z.object({
        flagged: z.boolean(),
        severity: z.enum(['none', 'low', 'medium', 'high']),
        categories: z
          .array(z.enum(['harassment', 'hate', 'sexual', 'violence', 'self-harm', 'illicit', 'personal-data', 'other']))
          .max(8),
      }),
  },
  quality: {
    instructions: "Score the assistant's answers, not the user's words, by each criterion of the rubric, and overall.",
    rubric: [
      'accuracy: says nothing that is wrong or made up',
      'helpfulness: moves the user toward what the user wants',
      'clarity: can be understood by ear at the first hearing',
      'tone: polite, calm, fitting',
    ].join('\n'),
    result: () =>
      z.object({
        criteria: z
          .array(z.object({ name: words, score: share, reason: words }))
          .min(1)
          .max(20)
          .describe('each criterion of the rubric; 0: not at all, 1: fully'),
        overall: share,
      }),
  },
  'rolling-summary': {
    instructions:
      'Bring the previous summary, if there is one, up to date with what was said since. An assistant will go on with the call from your summary alone.',
    result: () =>
      z.object({
        summary: words.describe('everything that a successor must know to go on with the call'),
        open: z.array(words).max(20).describe('what is asked or promised and not done yet'),
      }),
  },
} satisfies Readonly<Record<string, BuiltInKind>>;

export const BUILT_IN_KINDS: readonly string[] = Object.keys(kinds);

/** Returns undefined for a kind of the user's own. */
export function builtInKind(name: string): BuiltInKind | undefined {
  return Object.hasOwn(kinds, name) ? kinds[name as keyof typeof kinds] : undefined;
}

/** `quality` of other tasks' results (`of`), instead of a session's answers. */
export const SCORING = {
  instructions:
    'Score the result of a task by each criterion of the rubric, and overall. You are shown what the task was, what it worked on, and its result.',
  rubric: [
    'faithfulness: says nothing that is not in what it worked on',
    'completeness: leaves out nothing that the task asks for',
    'obedience: does what the task asks, and nothing else',
    'clarity: can be read and used as it is',
  ].join('\n'),
};
