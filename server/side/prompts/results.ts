// The results of the built-in kinds. Rule: what the schemas say is also sent to the model, so they keep to what endpoints with
// structured output understand: every field required, nothing else allowed, no lengths of strings.

import { z } from 'zod';

const words = z.string().refine((text) => text.trim() !== '', 'expected some text');
const share = z.number().min(0).max(1);

export const summary = z.strictObject({
  summary: words.describe('two to four sentences: what was wanted, what happened, how it ended'),
  points: z.array(words).max(10).describe('the facts worth keeping, one short sentence each'),
});

export const title = z.strictObject({
  title: words.describe('at most eight words, no full stop'),
});

export const classification = (labels: readonly string[]) =>
  z.strictObject({
    label: z.enum(labels as [string, ...string[]]),
    confidence: share,
  });

export const sentimentAndOutcome = z.strictObject({
  sentiment: z.enum(['positive', 'neutral', 'negative', 'mixed']).describe('of the user, at the end'),
  outcome: z.enum(['resolved', 'unresolved', 'escalated', 'abandoned', 'unknown']),
  reason: words.describe('one sentence'),
});

export const actionItems = z.strictObject({
  items: z
    .array(
      z.strictObject({
        action: words,
        owner: z.enum(['user', 'assistant', 'other']),
        due: z.string().nullable().describe('as it was said; null when it was not'),
      }),
    )
    .max(50),
});

export const moderation = z.strictObject({
  flagged: z.boolean(),
  severity: z.enum(['none', 'low', 'medium', 'high']),
  categories: z
    .array(z.enum(['harassment', 'hate', 'sexual', 'violence', 'self-harm', 'illicit', 'personal-data', 'other']))
    .max(8),
});

export const quality = z.strictObject({
  criteria: z
    .array(z.strictObject({ name: words, score: share, reason: words }))
    .min(1)
    .max(20)
    .describe('each criterion of the rubric; 0: not at all, 1: fully'),
  overall: share,
});

export const rollingSummary = z.strictObject({
  summary: words.describe('everything that a successor must know to go on with the call'),
  open: z.array(words).max(20).describe('what is asked or promised and not done yet'),
});
