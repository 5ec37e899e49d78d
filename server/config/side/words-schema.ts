// Describes which words of calls are taken out before they go on, and what checks the words of both sides.

import { z } from 'zod';
import { kebab, ms, positive } from './side-limits-schema.ts';

/** Kinds of words that are known by their form. */
export const WORD_KINDS = ['email', 'phone', 'card', 'iban', 'ip', 'us-ssn'] as const;

const kinds = z.array(z.enum(WORD_KINDS)).min(1);

const pattern = z
  .string()
  .min(1)
  .max(1000)
  .superRefine((source, context) => {
    const fault = patternFault(source);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

function patternFault(source: string): string | undefined {
  try {
    return new RegExp(source, 'u').test('') ? 'expected a pattern that does not match the empty text' : undefined;
  } catch (error) {
    return `expected a regular expression of JavaScript (flag u): ${(error as Error).message}`;
  }
}

const name = z
  .string()
  .regex(/^[a-z]+(-[a-z]+)*$/, 'expected a name of small letters and hyphens')
  .max(32)
  .refine((text) => !WORD_KINDS.some((kind) => kind === text), 'expected another name than that of a kind');

const patterns = z.record(name, pattern);

export const redactSchema = z.union([
  kinds,
  z
    .strictObject({
      kinds: kinds.optional().describe('Kinds of words that are known by their form.'),
      patterns: patterns
        .optional()
        .describe('Regular expressions (flag u) of further words, by names of your own, such as order.'),
      unreadable: z
        .enum(['refuse', 'pass'])
        .default('refuse')
        .describe('What happens to a call with images, audio, files or tokens, whose words cannot be read here.'),
    })
    .refine(
      ({ kinds: named, patterns: own }) => named !== undefined || own !== undefined,
      'expected kinds or patterns: nothing would be taken out',
    ),
]);

const moderation = z.strictObject({
  class: kebab.describe('Prompt class whose targets have moderations. It has no checks of its own.'),
  model: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Model that is asked for there. That of the class when not given.'),
  thresholds: z
    .record(z.string().min(1).max(64), z.number().min(0).max(1))
    .optional()
    .describe(
      'Score of a category, such as violence, from which it is found. What the model itself flags when not given.',
    ),
  deadlineMs: ms.default(5000).describe('Longest time that it has. Then it has failed.'),
  whenUnavailable: z
    .enum(['block', 'pass'])
    .default('block')
    .describe('What happens where it gives no verdict. A check that flags never blocks: it says so.'),
});

const check = z
  .strictObject({
    name: kebab
      .optional()
      .describe('Name of the check in errors, headers and rows. Its place in the list when not given.'),
    kinds: kinds.optional().describe('Kinds of words that are found by their form.'),
    patterns: patterns.optional().describe('Regular expressions (flag u) by names of your own.'),
    words: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(10_000)
      .optional()
      .describe('Whole words or phrases, whatever their case.'),
    maxChars: positive(100_000_000).optional().describe('Most characters in all texts together.'),
    moderation: moderation.optional().describe('Asks a model for moderation, as a call of a class of its own.'),
    action: z
      .enum(['block', 'flag'])
      .default('block')
      .describe('block gives an error in place of the answer, flag says so in header, row and span.'),
  })
  .superRefine(({ moderation: asked, kinds: named, patterns: own, words, maxChars }, context) => {
    const hasRules = [named, own, words, maxChars].some((rule) => rule !== undefined);
    if (hasRules === (asked !== undefined))
      context.addIssue({
        code: 'custom',
        message: 'expected either rules (kinds, patterns, words, maxChars) or moderation',
      });
  });

const checks = z.array(check).min(1).max(32).optional();

export const guardSchema = z
  .strictObject({
    input: checks.describe('Checks of what a call has, before any target is asked. All of them are made at once.'),
    output: checks.describe(
      'Checks of the answer. Where one of them blocks, a stream is held back until it is whole and checked.',
    ),
  })
  .refine(({ input, output }) => input !== undefined || output !== undefined, 'expected input or output');

export type GuardConfig = Readonly<z.infer<typeof guardSchema>>;
export type GuardCheck = NonNullable<GuardConfig['input']>[number];
export type RedactConfig = Readonly<z.infer<typeof redactSchema>>;
export type WordKind = (typeof WORD_KINDS)[number];
