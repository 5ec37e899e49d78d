// Describes keys: those of the file, and those that are made at run time, which have all fields of a file key but its secret.

import { z } from 'zod';
import { headerText, positive, seconds, usd } from './side/side-limits-schema.ts';
import { budgetSchema, countedBy } from './side-schema.ts';

export const MAX_NAME = 200;
export const NO_CONTROL = /^\P{Cc}*$/u;

/** A name that goes into logs and metrics: 1 to 200 characters. */
export const nameText = z.string().regex(NO_CONTROL, 'expected a text without control characters').min(1).max(MAX_NAME);

/** A credential that the gateway checks itself. */
export const gatewaySecret = headerText.min(8);

const MAX_TAGS = 16;

/** Words of an application: 16 at most. */
export const tagTexts = z
  .record(nameText.max(64), nameText)
  .refine((given) => Object.keys(given).length <= MAX_TAGS, `expected at most ${MAX_TAGS} tags`);

const rates = z
  .strictObject({
    sessionsPerMinute: positive().optional().describe('Sessions that may be opened within a minute.'),
    callsPerMinute: positive()
      .optional()
      .describe('Chat completions, demanded tasks and client secrets made within a minute.'),
    tokensPerMinute: positive()
      .optional()
      .describe(
        'Tokens of calls, tasks and sessions within a minute. A call counts at its estimate until it has ended.',
      ),
  })
  .optional();

/** Limits that several share. */
const sharedLimits = {
  maxSessions: positive()
    .optional()
    .describe('Sessions at once, over all gateway processes and machines. Unbounded when not given.'),
  rates: rates.describe('Most that may begin or be used within any minute, over all machines. Beyond it 429.'),
};

const endUsers = z.strictObject(sharedLimits).optional();

/** Budgets of a key or a team, which say nothing of whose they are. */
const ownBudgets = z
  .array(budgetSchema.pick({ class: true, path: true, window: true, maxUsd: true }))
  .min(1)
  .max(20)
  .refine(
    (given) => new Set(given.map(countedBy)).size === given.length,
    'expected budgets that count different things',
  )
  .optional();

/** The fields of a key beside its id. */
const settings = {
  team: nameText.optional().describe('Team of the key in records and the ledger.'),
  models: z
    .array(z.string().regex(/^[^/\s]+(\/\S+)?$/, 'expected provider/model, such as openai/*, or one of models'))
    .min(1)
    .optional()
    .describe(
      'Models that its realtime sessions may use: patterns of provider/model, and names of models, which allow their targets. All when not given.',
    ),
  ...sharedLimits,
  endUsers: endUsers.describe('Limits of each of its end users, as endUser names them, beside those of the key.'),
  maxUsdPerSession: usd
    .optional()
    .describe('Most that one of its sessions may cost. Then it ends. Unbounded when not given.'),
  maxSessionSeconds: seconds.optional().describe('Longest duration of one of its sessions. Unbounded when not given.'),
  class: nameText.optional().describe('Prompt class of its sessions and calls.'),
  classes: z
    .array(nameText)
    .min(1)
    .optional()
    .describe('Prompt classes that its clients may ask for. All when not given.'),
  dataClass: z.enum(['open', 'regulated']).optional().describe('Data class of its sessions and calls.'),
  survive: z
    .enum(['provider', 'client', 'both'])
    .optional()
    .describe(
      'provider lets its sessions go on when the socket of their provider ends, where their dialect can; client when that of their client breaks.',
    ),
  callIds: z
    .enum(['any'])
    .optional()
    .describe(
      'any lets it join calls by ?call_id=, and sessions of Live, that it was not given itself, at an account that it shares with other keys.',
    ),
  unknownFields: z
    .enum(['refuse', 'drop'])
    .optional()
    .describe(
      'What happens to fields of its chat completions that change nothing here. That of the class when not given.',
    ),
  responses: z
    .enum(['direct', 'routed'])
    .optional()
    .describe(
      'Whether the WebSocket /v1/responses goes natively to the provider (direct), or each response is a call of the side path (routed). That of the class when not given, else direct.',
    ),
  budgets: ownBudgets.describe('Budgets of this key alone, as budgets with its id as key would be.'),
  transcripts: z
    .enum(['off'])
    .optional()
    .describe('off keeps the text of its sessions out of the store. As transcripts says when not given.'),
  expiresAt: z.iso
    .datetime({ offset: true, error: 'expected a time such as 2027-01-31T00:00:00Z' })
    .optional()
    .describe('Time from which on it opens no session and makes no call. Never when not given.'),
  endUser: nameText
    .optional()
    .describe("The application's own name for the user of the key, in records and the ledger. At most 200 characters."),
  tags: tagTexts
    .optional()
    .describe('Texts by names of your own, in records and the ledger: at most 16, of 64 and 200 characters.'),
};

/** A key that is made at run time. */
export const storedKeySchema = z.strictObject({
  id: z
    .string()
    .regex(/^[\w][\w.@:-]*$/, 'expected letters, digits, _ - . @ and :, the first a letter, a digit or _')
    .max(200)
    .describe('Name of the key in logs, metrics and the ledger. Unique.'),
  ...settings,
});

export const keySchema = z.strictObject({
  id: nameText.describe('Name of the key in logs, metrics and the ledger. Unique.'),
  secret: gatewaySecret.describe('What clients send as their API key. At least 8 characters, unique.'),
  ...settings,
});

/** The bounds of all keys of a team. */
export const teamSchema = z.strictObject({
  models: settings.models.describe(
    'Models that sessions of its keys may use, besides what each key may. All when not given.',
  ),
  maxSessions: sharedLimits.maxSessions.describe('Sessions of all its keys at once. Unbounded when not given.'),
  rates: rates.describe('Most that all its keys together may begin or use within any minute. Beyond it 429.'),
  endUsers: endUsers.describe('Limits of each end user, whichever of its keys they use.'),
  maxSessionSeconds: settings.maxSessionSeconds.describe('Longest duration of a session. Unbounded when not given.'),
  maxUsdPerSession: settings.maxUsdPerSession.describe('Most that a session may cost. Unbounded when not given.'),
  dataClass: settings.dataClass.describe('Data class of all sessions and calls.'),
  budgets: ownBudgets.describe('Budgets of all its keys together, as budgets with its name as team would be.'),
});

/** A key of the configuration file. */
export type FileKey = Readonly<z.infer<typeof keySchema>>;

/** A key as it is used. Its secret, or the digest of one, is kept apart. */
export type Key = Readonly<z.infer<typeof storedKeySchema>> & {
  /** Models of its team: a model must be in both lists. */
  readonly teamModels?: readonly string[] | undefined;
  /** Limits that it shares with the other keys of its team. */
  readonly teamLimits?: Pick<z.infer<typeof teamSchema>, 'maxSessions' | 'rates' | 'endUsers'> | undefined;
};
