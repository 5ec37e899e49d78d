// Describes how hard a call is found to be, and which class that leads to. Names of classes are checked with the configuration as a whole.

import { z } from 'zod';
import { kebab, ms, positive } from './side-limits-schema.ts';

const chars = positive(100_000_000);
const isScript = (name: string): boolean => {
  try {
    return new RegExp(`\\p{Script=${name}}`, 'u').unicode;
  } catch {
    return false;
  }
};
const script = z
  .string()
  .regex(/^[A-Za-z_]{1,40}$/)
  .refine(isScript, 'expected the name of a script in Unicode, such as Han, Hiragana, Cyrillic or Arabic');

/** The languages that the package eld tells apart, as in ISO 639-1. */
const LANGUAGES = (
  'am ar az be bg bn ca cs da de el en es et eu fa fi fr gu he hi hr hu hy is it ja ka kn ko ku lo lt lv ml mr ms nl no or pa pl pt ' +
  'ro ru sk sl sq sr sv ta te th tl tr uk ur vi yo zh'
).split(' ');

export const difficultySchema = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        when: z
          .strictObject({
            tools: z.boolean().optional().describe('Whether it has tools.'),
            minChars: chars.optional().describe('Characters in the texts of its messages, or more.'),
            maxChars: chars.optional().describe('Characters in the texts of its messages, or fewer.'),
            script: z
              .array(script)
              .min(1)
              .max(20)
              .optional()
              .describe(
                'Scripts of Unicode, such as Han: a fifth of the letters of the last message of the user are of them.',
              ),
            language: z
              .array(z.enum(LANGUAGES))
              .min(1)
              .max(60)
              .optional()
              .describe(
                'Languages as in ISO 639-1, such as de: that of the last message of the user. It needs the package eld.',
              ),
            kind: z.enum(['task', 'chat']).optional().describe('A side task, or a call of an app.'),
          })
          .describe('What it looks at. All that is given has to be so.'),
        class: z.string().describe('Class that runs such a call.'),
      }),
    )
    .max(100)
    .default([])
    .describe('Rules, of which the first that fits chooses the class.'),
  model: z
    .strictObject({
      class: z.string().describe('Prompt class of the small calls that say how hard a call is.'),
      verdicts: z
        .record(kebab, z.string())
        .describe('Words that it may say, such as easy and hard, and the class that each leads to.'),
      rubric: z.string().min(1).max(20_000).optional().describe('What it goes by.'),
      deadlineMs: ms.default(3000).describe('Longest time that it has. Then it has failed.'),
    })
    .optional()
    .describe('Asked where no rule fits.'),
  default: z
    .string()
    .optional()
    .describe(
      'Class of a call that no rule fits, or of which the model says nothing. The class itself when not given.',
    ),
  strongest: z
    .string()
    .optional()
    .describe('Class that all calls would have without this: rows say what they cost less than its strongest target.'),
});
