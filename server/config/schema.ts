// The shape of the configuration file: every key, its default and what it may be. Unknown keys are refused.

import { z } from 'zod';
import { isLoopbackHost, isPrivateAddress } from '../platform/private-address.ts';
import { sideShape } from './side-schema.ts';

/** What the configuration needs to know of an adapter. */
export interface KnownProvider {
  readonly name: string;
  readonly baseUrl: string;
  readonly environment: readonly string[];
  readonly canOpenAhead?: false;
}

const port = z.int().min(0).max(65_535);
const bytes = z
  .int()
  .min(1)
  .max(2 ** 30);
/** Timers wrap around beyond this (24.8 days). */
const longestMs = 2 ** 31 - 1;
const ms = z.int().min(1).max(longestMs);
/** 0 switches the limit off. */
const optionalMs = z.int().min(0).max(longestMs);
/** Goes into logs and metrics. */
const name = z
  .string()
  .regex(/^\P{Cc}*$/u, 'expected a text without control characters')
  .min(1)
  .max(200);
const path = z.string().min(1).max(4096);
const host = z.string().regex(/^[a-z0-9.:_-]+$/i, 'expected a host name or an address without brackets');
/** Goes into a header, so it has to fit into one. */
const secret = z
  .string()
  .regex(/^[\x21-\x7e]*$/, 'expected printable ASCII without spaces')
  .min(1);
const ownSecret = secret.min(8);

export const limitsSchema = z.strictObject({
  clientMaxPayloadBytes: bytes
    .default(16 * 1024 * 1024)
    .describe('largest message of a client (an OpenAI append may be 15 MiB)'),
  providerMaxPayloadBytes: bytes.default(32 * 1024 * 1024).describe('largest message of a provider'),
  maxFragments: z.int().min(1).default(64).describe('fragments of one message'),
  maxBufferedChunks: z.int().min(1).default(32_768).describe('network reads that one incomplete message may take up'),
  handshakeMs: ms.default(10_000).describe('TLS and the HTTP request, until its headers are complete'),
  dialMs: ms.default(10_000).describe('dialling the provider, until its 101; a seed waits as long for setupComplete'),
  maxHeaderBytes: bytes.default(8192).describe('request line and headers'),
  maxConnectionsPerAddress: z
    .int()
    .min(1)
    .default(500)
    .describe('connections of one address that are not (yet) sessions'),
  maxConnections: z.int().min(1).default(2000).describe('connections in all that are not (yet) sessions'),
  maxFramesPerSecond: z
    .int()
    .min(1)
    .default(20_000)
    .describe('frames of one direction of a session; beyond it the source waits'),
  pauseBytes: bytes.default(256 * 1024).describe('queued toward a slow peer: from here its source is paused'),
  stallMs: ms.default(10_000).describe('no write progress while bytes are queued: the session ends'),
  pingMs: ms.default(15_000).describe('pings toward clients; two missed ones end the session'),
  providerSilenceMs: ms
    .default(60_000)
    .describe('no traffic of any kind from the provider, though pinged: the session ends'),
  closeMs: ms.default(3000).describe('waiting for the answer to a close'),
  idleMs: optionalMs.default(0).describe('no message in either direction; 0: off'),
  sessionMs: optionalMs.default(0).describe('length of a session; 0: off, the cap of the provider holds'),
  drainMs: ms.default(600_000).describe('how long live sessions go on after SIGTERM'),
});
export type Limits = Readonly<z.infer<typeof limitsSchema>>;

const listenSchema = z.strictObject({
  host: host.default('127.0.0.1'),
  port: port.default(8080),
  tlsPort: z.union([port, z.literal(false)]).default(8443),
  tls: z.strictObject({ cert: path.describe('PEM file, chain included'), key: path.describe('PEM file') }).optional(),
  origins: z
    .array(
      z.string().regex(/^[a-z][a-z0-9+.-]*:\/\/[^/\s*@?#]+$/, 'expected an origin such as https://app.example.com'),
    )
    .default([]),
});

const keySchema = z.strictObject({
  id: name,
  secret: ownSecret,
  team: name.optional(),
  models: z
    .array(z.string().regex(/^[^/\s]+\/\S+$/, 'expected provider/model, * matches anything'))
    .min(1)
    .optional(),
  maxSessions: z.int().min(1).optional(),
  class: name.optional().describe('prompt class of its sessions and calls'),
  classes: z.array(name).min(1).optional().describe('prompt classes that its clients may ask for; all when not given'),
  dataClass: z.enum(['open', 'regulated']).optional(),
});
export type Key = Readonly<z.infer<typeof keySchema>>;

const warmCount = z.int().min(0).max(16);

export const warmSchema = z.strictObject({
  connections: warmCount.default(2).describe('opened ahead for the next sessions, in each process; 0: none'),
  maxAgeMs: z
    .int()
    .min(1000)
    .max(longestMs)
    .default(30_000)
    .describe('how long one of them may wait: less than the provider, or what lies between, lets a connection idle'),
});
export type Warm = Readonly<z.infer<typeof warmSchema>>;

/** For a provider that counts or forbids idle connections. */
const neverWarmSchema = warmSchema.extend({
  connections: warmCount
    .default(0)
    .refine((count) => count === 0, 'expected 0: this provider allows no connection that is opened ahead'),
});

/** `apiKey: client` forwards the client's own credential. */
export const clientsOwn = 'client';

function baseUrlProblem(text: string, allowPrivate: boolean): string | undefined {
  if (!URL.canParse(text)) return 'expected a URL such as wss://api.example.com';
  const url = new URL(text);
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') return 'expected a wss: URL';
  if (url.username || url.password) return 'expected a URL without a credential (it belongs into apiKey)';
  if (url.search || url.hash) return 'expected a URL without query and fragment';
  if (allowPrivate) return undefined;
  if (url.protocol === 'ws:') return 'expected a wss: URL (ws: needs allowPrivate: true)';
  // A name is resolved, and checked, when it is dialled.
  if (isLoopbackHost(url.hostname) || isPrivateAddress(url.hostname))
    return 'expected a public address (a loopback or private one needs allowPrivate: true)';
  return undefined;
}

/** The settings of one provider. */
export const providerSchema = ({ baseUrl, canOpenAhead }: KnownProvider) =>
  z
    .strictObject({
      baseUrl: z.string().default(baseUrl),
      apiKey: secret,
      allowPrivate: z.boolean().default(false),
      organization: secret.optional(),
      project: secret.optional(),
      warm: (canOpenAhead === false ? neverWarmSchema : warmSchema).prefault({}),
    })
    .superRefine((provider, context) => {
      const message = baseUrlProblem(provider.baseUrl, provider.allowPrivate);
      if (message) context.addIssue({ code: 'custom', path: ['baseUrl'], message });
    });
/** `baseUrl` is a wss: URL (ws: with `allowPrivate`); `apiKey` is `client` where the client's own credential is forwarded. */
export type Provider = Readonly<z.infer<ReturnType<typeof providerSchema>>>;

/** The schema of the file. `providers` are the adapters, `rehearsal` is the schema of the rehearsal provider's options. */
export function fileSchema<R extends z.ZodType>(providers: readonly KnownProvider[], rehearsal: R) {
  const shape = Object.fromEntries(providers.map((one) => [one.name, providerSchema(one).optional()]));
  return z.strictObject({
    processes: z.int().min(1).max(256).default(1),
    listen: listenSchema.prefault({}),
    admin: z
      .strictObject({ host: host.default('127.0.0.1'), port: port.default(9090), token: ownSecret.optional() })
      .prefault({}),
    keys: z.array(keySchema).default([]),
    providers: z.strictObject(shape).prefault({}),
    rehearsal: z.union([z.boolean(), rehearsal]).optional(),
    ...sideShape,
    limits: limitsSchema.prefault({}),
    log: z
      .strictObject({
        level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
      })
      .prefault({}),
  });
}
