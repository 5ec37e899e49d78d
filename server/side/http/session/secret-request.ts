// Reads what `POST /v1/client_secrets` asks for, and the part of it that may stand beside a provider's own body (`trunkline`).

import { z } from 'zod';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { browserOrigin } from '../../../config/file/outbound-url.ts';
import { nameText, tagTexts } from '../../../config/key-schema.ts';
import { problemsOf } from '../../../config/problem.ts';
import { seconds, usd } from '../../../config/side/side-limits-schema.ts';
import { type HttpProblem, invalidRequest } from '../../../http/problem.ts';

/** Longest time in which a secret opens sessions. */
export const MAX_OPEN_SECONDS = 3600;
/** The time where none is asked for. */
export const OPEN_SECONDS = 60;
export const MAX_USES = 1000;

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/\s*@?#]+$/;
const origin = z.string().regex(ORIGIN, 'expected an origin such as https://app.example.com').transform(browserOrigin);

const termsShape = {
  models: z.array(nameText).min(1).max(100).optional().describe('Patterns of provider/model.'),
  uses: z.int().min(1).max(MAX_USES).optional().describe('Number of sessions that it opens.'),
  maxSessionSeconds: seconds.optional().describe('Longest duration of one of its sessions.'),
  maxUsd: usd.optional().describe('The most that all of its sessions may cost together.'),
  class: nameText.optional().describe('Prompt class.'),
  dataClass: z.enum(['open', 'regulated']).optional().describe('Data class.'),
  callIds: z
    .enum(['any'])
    .optional()
    .describe('any lets it join calls by ?call_id=, and sessions of Live, that were not made with it.'),
  origins: z.array(origin).min(1).max(20).optional().describe('Origins of the pages that may use it.'),
  endUser: nameText.optional().describe("The application's own name for its user."),
  tags: tagTexts.optional().describe('Words by which its sessions are found.'),
};

const ownTerms = z.strictObject(termsShape);

export const secretRequestSchema = z.strictObject({
  ...termsShape,
  provider: nameText.max(64).optional().describe('The provider of its sessions.'),
  dialect: nameText
    .max(64)
    .optional()
    .describe("The dialect of its sessions; that of the provider's first endpoint where a session is pinned."),
  expiresInSeconds: z.int().min(1).max(MAX_OPEN_SECONDS).default(OPEN_SECONDS).describe('Time to open a session.'),
  session: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('The part of the session that its client cannot change.'),
});

export type OwnTerms = z.infer<typeof ownTerms>;
type SecretRequest = z.infer<typeof secretRequestSchema>;

export function readSecretRequest(body: JsonObject): { readonly asked: SecretRequest } | HttpProblem {
  const parsed = secretRequestSchema.safeParse(body, { reportInput: true });
  return parsed.success ? { asked: parsed.data } : problemOf(secretRequestSchema, parsed.error);
}

/** `own`: the member `trunkline` of a body; undefined where it has none. */
export function readOwnTerms(own: unknown): { readonly terms: OwnTerms } | HttpProblem {
  const parsed = ownTerms.safeParse(own ?? {}, { reportInput: true });
  return parsed.success ? { terms: parsed.data } : problemOf(ownTerms, parsed.error, 'trunkline.');
}

function problemOf(schema: z.ZodType, { issues }: z.ZodError, prefix = ''): HttpProblem {
  const [first] = problemsOf(schema, issues, () => false);
  return invalidRequest(first?.message ?? 'expected another value', prefix + (first?.path ?? ''));
}
