// Describes which words of calls are taken out before they go on, and what checks the words of both sides.

import { z } from 'zod';

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

export type RedactConfig = Readonly<z.infer<typeof redactSchema>>;
export type WordKind = (typeof WORD_KINDS)[number];
