// Configuration: a YAML file and the environment become one frozen Config. The only place that reads process.env.

import { z } from 'zod';

const port = z.int().min(0).max(65_535);
const bytes = z.int().min(1);
const ms = z.int().min(1);
/** 0 switches the limit off. */
const optionalMs = z.int().min(0);

export const limitsSchema = z.strictObject({
  clientMaxPayloadBytes: bytes
    .default(16 * 1024 * 1024)
    .describe('largest message of a client (an OpenAI append may be 15 MiB)'),
  providerMaxPayloadBytes: bytes.default(32 * 1024 * 1024).describe('largest message of a provider'),
  maxFragments: z.int().min(1).default(64).describe('fragments of one message'),
  maxBufferedChunks: z.int().min(1).default(256).describe('network reads that one incomplete message may take up'),
  handshakeMs: ms.default(10_000).describe('TLS and the HTTP request, until its headers are complete'),
  dialMs: ms.default(10_000).describe('dialling the provider, until its 101'),
  maxHeaderBytes: bytes.default(8192).describe('request line and headers'),
  maxConnectionsPerAddress: z
    .int()
    .min(1)
    .default(50)
    .describe('connections of one address that are not (yet) sessions'),
  maxConnections: z.int().min(1).default(1000).describe('connections in all that are not (yet) sessions'),
  pauseBytes: bytes.default(256 * 1024).describe('queued toward a slow peer: from here its source is paused'),
  overrunBytes: z
    .int()
    .min(0)
    .default(1024 * 1024)
    .describe('queued beyond pauseBytes and one frame: the session ends'),
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

const keySchema = z.strictObject({
  id: z.string().min(1),
  secret: z.string().min(8),
  team: z.string().min(1).optional(),
  models: z
    .array(z.string().regex(/^[^/\s]+\/\S+$/, 'expected provider/model, * matches anything'))
    .min(1)
    .optional(),
  maxSessions: z.int().min(1).optional(),
});
export type Key = Readonly<z.infer<typeof keySchema>>;

const providerSchema = z.strictObject({
  baseUrl: z.url({ protocol: /^wss?$/ }).optional(),
  apiKey: z.string().min(1),
  allowPrivate: z.boolean().default(false),
  organization: z.string().min(1).optional(),
  project: z.string().min(1).optional(),
});
export type Provider = Readonly<z.infer<typeof providerSchema>>;
