// Describes the settings of a realtime provider: an account of one of the kinds that the adapters know.

import { z } from 'zod';
import type { AuthForm } from '../../../adapters/realtime/contract.ts';
import { providers as kinds } from '../../../adapters/realtime/index.ts';
import { headerText, MAX_TIMER_MS, ms } from '../side/side-limits-schema.ts';
import { modelName, termsShape } from './models-schema.ts';

export const preconnectSchema = z.strictObject({
  connections: z
    .int()
    .min(0)
    .max(16)
    .default(2)
    .describe('Connections opened ahead for the next sessions, in each process. 0 is none.'),
  maxAgeMs: z
    .int()
    .min(1000)
    .max(MAX_TIMER_MS)
    .default(30_000)
    .describe('Time that one of them may wait: less than the provider, or what lies between, lets a connection idle.'),
});

const probeSchema = z.strictObject({
  everyMs: ms
    .min(1000)
    .default(60_000)
    .describe(
      'Time between two handshakes, a tenth more or less. Each instance makes its own; config check tells what they cost.',
    ),
  path: z
    .string()
    .regex(/^\/[\x21\x22\x24-\x7e]*$/, 'expected a path such as /v1/realtime, without the name of the account')
    .optional()
    .describe('The path to dial, with its query. The first of the kind when not given.'),
  model: modelName.optional().describe('Model or agent to name there, where the query of the path names one.'),
  timeoutMs: ms
    .min(100)
    .max(60_000)
    .default(10_000)
    .describe('Time for all of a handshake: the credential, the connection, its 101 and the first message.'),
});

export type Preconnect = Readonly<z.infer<typeof preconnectSchema>>;

const NAME = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const authForm = z.custom<AuthForm>(
  (given) =>
    typeof given === 'string' &&
    new RegExp(`^(bearer|token|basic|raw|first-frame|(header|query):${NAME})$`).test(given),
  'expected bearer, token, basic, raw, first-frame, header:NAME or query:NAME',
);

/** Headers of the upgrade and of its connection, which the gateway writes itself. */
const OWN_HEADERS =
  /^(host|connection|upgrade|content-length|transfer-encoding|sec-websocket-.*|cookie|authorization)$/i;

const headers = z.record(
  z
    .string()
    .regex(new RegExp(`^${NAME}$`), 'expected the name of a header')
    .refine((name) => !OWN_HEADERS.test(name), 'expected a header that the gateway does not write itself'),
  headerText,
);

const vocabularies = [...new Set([...kinds.values()].flatMap(({ clients = {} }) => Object.keys(clients)))];

export const providerSchema = z
  .strictObject({
    kind: z
      .enum([...kinds.keys()])
      .optional()
      .describe('Which provider it is an account of. Left out where the account has that name.'),
    baseUrl: z
      .string()
      .optional()
      .describe('The wss: URL to dial; {name} in it stands for one of settings. That of the kind when not given.'),
    path: z
      .string()
      .regex(/^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/, 'expected a path such as /v1/realtime, without a query')
      .optional()
      .describe('The path to dial, in the place of the one that the client asks for.'),
    apiKey: headerText
      .optional()
      .describe("The gateway's own credential, or the word client to forward that of each client."),
    tokenCommand: z
      .array(z.string().min(1).max(4096))
      .min(1)
      .max(64)
      .optional()
      .describe(
        'In the place of apiKey: a command and its arguments, whose output is the credential, such as one that asks for an access token.',
      ),
    credentialsFile: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe(
        'In the place of apiKey: a file with a token, or with the JSON of a service account or user of Google, by which tokens are asked for. Relative to the configuration file.',
      ),
    tokenMs: ms
      .min(1000)
      .optional()
      .describe(
        'Time after which tokenCommand is run again, half an hour when not given, or a file with a token is read again, a minute. A token that says when it ends is fetched anew before that, too.',
      ),
    auth: authForm
      .optional()
      .describe(
        'Where the credential goes: bearer, token, basic or raw (of the header Authorization), header:NAME or query:NAME, or the first message of the client (first-frame). As the kind has it when not given.',
      ),
    models: z
      .array(z.string().min(1).max(200))
      .min(1)
      .optional()
      .describe(
        'Models that it serves, as patterns. Others are refused, or served by another account of the path. All when not given.',
      ),
    residency: termsShape.residency.describe(
      'Region that it keeps sessions to, such as eu: a class with a residency has sessions there alone.',
    ),
    dataClasses: termsShape.dataClasses.describe('Data classes of the sessions that it may have. All when not given.'),
    headers: headers.optional().describe('Headers that its connections have, beside those of the kind.'),
    settings: z
      .record(z.string(), headerText)
      .default({})
      .describe('What the kind needs or may have beyond that, such as an organization: see trunkline providers.'),
    clients: z
      .enum(vocabularies)
      .optional()
      .describe(
        "The vocabulary that its clients speak, where that is not the provider's own: the gateway translates. beta: that of OpenAI before it was generally available; ga: that of today.",
      ),
    allowPrivate: z.boolean().default(false).describe('Whether baseUrl may be ws:, or a loopback or private address.'),
    bindIds: z
      .boolean()
      .optional()
      .describe(
        'Whether a key may refer only to responses, conversations and handles that it was given. true where keys use the account of the gateway; false for keys of one tenant.',
      ),
    preconnect: preconnectSchema
      .optional()
      .describe(
        'Connections to the provider that are opened ahead of sessions. None when not given, where it forbids them.',
      ),
    probe: probeSchema
      .optional()
      .describe(
        'Handshakes on a schedule with the credential of the account, which tell whether it is up. None when not given.',
      ),
  })
  .superRefine(({ apiKey, tokenCommand, credentialsFile }, context) => {
    const given = [apiKey, tokenCommand, credentialsFile].filter((one) => one !== undefined);
    const message = 'expected one of apiKey, tokenCommand and credentialsFile';
    if (given.length !== 1) context.addIssue({ code: 'custom', path: ['apiKey'], message });
  });

export type FileProvider = Readonly<z.infer<typeof providerSchema>>;

/** An account. `apiKey` is `client` where the client's own credential is forwarded. */
export type ProviderConfig = Omit<FileProvider, 'kind' | 'preconnect'> & {
  readonly kind: string;
  readonly preconnect: Preconnect;
};
