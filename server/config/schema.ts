// Describes the configuration file: every key, its default and what it may be. Unknown keys are refused.

import { z } from 'zod';
import { isSubnet } from '../platform/address-list.ts';
import { gatewaySecret, keySchema, teamSchema } from './key-schema.ts';
import { modelsSchema } from './providers/models-schema.ts';
import { providerSchema } from './providers/schema.ts';
import { MAX_TIMER_MS, ms, positive } from './side/side-limits-schema.ts';
import { sideShape } from './side-schema.ts';

const port = z.int().min(0).max(65_535);
const bytes = positive(2 ** 30);
/** A limit that 0 switches off. */
const optionalMs = z.int().min(0).max(MAX_TIMER_MS);
/** The place of a file; its content, which may be a private key, is refused here, before anything shows the path. */
const path = z
  .string()
  .regex(/^(?!\s*-----BEGIN )\P{Cc}*$/u, 'expected the path of a file')
  .min(1)
  .max(4096);
const host = z.string().regex(/^[a-z0-9.:_-]+$/i, 'expected a host name or an address without brackets');
export const limitsSchema = z.strictObject({
  clientMaxPayloadBytes: bytes
    .default(16 * 1024 * 1024)
    .describe('Largest message of a client, in bytes (an OpenAI append may be 15 MiB).'),
  providerMaxPayloadBytes: bytes.default(32 * 1024 * 1024).describe('Largest message of a provider, in bytes.'),
  maxFragments: positive().default(64).describe('Fragments of one message.'),
  maxBufferedChunks: positive().default(32_768).describe('Network reads that one incomplete message may take up.'),
  messageMs: ms
    .default(60_000)
    .describe('Time in which at least 4 KiB of an unfinished message must come, while its sender is read.'),
  maxUnfinishedBytes: positive(2 ** 40)
    .default(256 * 1024 * 1024)
    .describe('Memory of all unfinished messages of a process. Beyond it the one whose memory grew longest ago goes.'),
  handshakeMs: ms
    .default(10_000)
    .describe(
      'TLS and the HTTP request, until its headers are complete. A first message that has the credential, or decides who serves, may take as long again.',
    ),
  firstMessageBytes: bytes
    .default(64 * 1024)
    .describe(
      'Largest first message of a client that has its credential there, or the model that decides who serves, in bytes.',
    ),
  firstNameMs: ms
    .default(500)
    .describe(
      'Time to name the model in a first message, where the provider speaks first and the model decides who serves. Then it counts as named nowhere.',
    ),
  dialMs: ms
    .default(10_000)
    .describe('Dialling the provider, until its 101. A context waits as long for setupComplete.'),
  maxHeaderBytes: bytes.default(8192).describe('Request line and headers together, in bytes.'),
  maxConnectionsPerAddress: positive()
    .default(500)
    .describe('Connections of one address that wait for a request. Beyond it the oldest of them goes.'),
  maxConnections: positive()
    .default(2000)
    .describe('Connections in all that wait for a request. Beyond it the oldest of them goes.'),
  maxUpgrades: positive()
    .default(1000)
    .describe('Upgrades in progress, until the 101. Beyond it 503; an address with half of them gets 429.'),
  maxCallBodyBytes: bytes
    .default(1024 * 1024)
    .describe('Body of a request that makes a call by WebRTC or SIP, or asks something of one.'),
  maxDownloads: positive()
    .default(100)
    .describe('Downloads of recordings of calls in progress. Beyond it 503; an address with half of them gets 429.'),
  maxSessions: positive()
    .optional()
    .describe('Sessions at once, upgrades in progress included. Beyond it 503. Unbounded when not given.'),
  maxFramesPerSecond: positive()
    .default(20_000)
    .describe(
      'Frames of one direction of a session, a hundredth of them at once. Beyond a tenth of it the source waits in a queue.',
    ),
  pauseBytes: bytes
    .default(256 * 1024)
    .describe('Bytes queued toward a slow peer, from which on its source is paused.'),
  stallMs: ms
    .default(10_000)
    .describe('Time without write progress while bytes are queued, after which the session ends.'),
  pingMs: ms.default(15_000).describe('Time between pings toward clients. Two missed ones end the session.'),
  providerSilenceMs: ms
    .default(60_000)
    .describe('Time without traffic of any kind from the provider, though pinged, after which the session ends.'),
  processSilenceMs: ms
    .default(10_000)
    .describe('Silence of a gateway process, after which it is ended with its sessions, and started anew.'),
  closeMs: ms.default(3000).describe('Time to wait for the answer to a close.'),
  surviveMs: ms
    .default(10_000)
    .describe('Longest time that a session which survives its provider goes without one. Then it ends as others do.'),
  resumeMs: ms
    .max(60_000)
    .default(30_000)
    .describe('Longest time that a session which survives its client waits for it. Then it ends as others do.'),
  resumeBytes: bytes
    .default(4 * 1024 * 1024)
    .describe('Most memory of messages that are kept for a client which may come back: their bytes, and 128 for each.'),
  usageMs: ms
    .default(15_000)
    .describe('Time that a provider has to report what was used last, once a session has ended otherwise than by it.'),
  idleMs: optionalMs
    .default(0)
    .describe(
      'Time without a message in either direction, after which the session ends; of a call by WebRTC or SIP, on its sideband. 0 is off.',
    ),
  sessionMs: optionalMs.default(0).describe('Longest session. 0 is off: the cap of the provider holds.'),
  overload: z
    .strictObject({
      lagMs: optionalMs
        .default(200)
        .describe('Time that the event loop of a process is late, in five looks of 100 ms in a row. 0 is off.'),
      memoryBytes: positive(2 ** 50)
        .optional()
        .describe(
          'Memory that a process may hold, resident. When not given, all processes together may hold as much as their cgroup. The limit of the heap of V8 counts in any case.',
        ),
    })
    .prefault({})
    .describe(
      'Lateness and memory beyond which a process takes no new sessions or calls: 503 from four fifths of the memory on; from nine tenths on sessions that are idle end, too.',
    ),
  drainMs: ms.default(600_000).describe('Time that live sessions go on after SIGTERM.'),
});
export type Limits = Readonly<z.infer<typeof limitsSchema>>;

const listenSchema = z.strictObject({
  host: host.default('127.0.0.1').describe('Address to listen on. One that is not loopback needs access: keys.'),
  port: port.default(8080).describe('Port for HTTP and WebSocket without TLS. 0 takes a free one.'),
  tlsPort: z
    .union([port, z.literal(false)])
    .default(8443)
    .describe('Port for HTTPS and WebSocket over TLS. 0 takes a free one, false switches TLS off.'),
  tls: z
    .strictObject({
      cert: path.describe('PEM file of the certificate, chain included. Relative to the configuration file.'),
      key: path.describe('PEM file of the private key. Relative to the configuration file.'),
    })
    .optional()
    .describe('The certificate for tlsPort. Without it a development certificate for localhost is made.'),
  origins: z
    .array(
      z.string().regex(/^[a-z][a-z0-9+.-]*:\/\/[^/\s*@?#]+$/, 'expected an origin such as https://app.example.com'),
    )
    .default([])
    .describe("Origins of web pages that may connect and read answers (CORS), besides the gateway's own."),
  proxyProtocol: z
    .boolean()
    .default(false)
    .describe('Whether each of trustedProxies begins its connections with a header of the PROXY protocol (1 or 2).'),
  trustedProxies: z
    .array(z.string().refine(isSubnet, 'expected an address or a subnet such as 10.0.0.0/8'))
    .default([])
    .describe(
      'Addresses and subnets of proxies whose word on the client counts: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239).',
    ),
});

const metricsSchema = z.strictObject({
  labels: z
    .array(z.enum(['key', 'team', 'model']))
    .default([])
    .describe('Labels of sessions, their closes, and attempts and costs of calls, besides the usual ones.'),
  maxLabelValues: positive(10_000)
    .default(200)
    .describe('Values of each of these labels in each process; further ones count as other.'),
});

const surviveSchema = z.strictObject({
  paths: z
    .array(z.string().regex(/^\/\S*$/, 'expected a path such as /v1/realtime'))
    .default([])
    .describe('Paths whose sessions survive their provider unless their client says otherwise, such as /v1/realtime.'),
  cutReply: z
    .enum(['incomplete', 'again'])
    .default('incomplete')
    .describe(
      'What becomes of a reply that a provider took with it: its client is told that it is incomplete, or it is asked for again as well.',
    ),
});

/** Builds the schema of the file. `rehearsal` is the schema of the rehearsal's options. */
export function fileSchema<R extends z.ZodType>(rehearsal: R) {
  return z.strictObject({
    processes: positive(256).default(1).describe('Gateway processes that share the listening ports.'),
    listen: listenSchema.prefault({}).describe('The public listener.'),
    admin: z
      .strictObject({
        host: host.default('127.0.0.1').describe('Address to listen on. One that is not loopback needs a token.'),
        port: port.default(9090).describe('Port of the admin listener. 0 takes a free one.'),
        token: gatewaySecret.optional().describe('What its callers send as a bearer token. At least 8 characters.'),
      })
      .prefault({})
      .describe('The admin listener: health, metrics, live sessions, and what is stored of all keys.'),
    access: z
      .enum(['open', 'keys'])
      .optional()
      .describe(
        'Who is let in: open takes every credential, on loopback only (open mode); keys takes those of keys alone, and those that are made at run time. keys when not given where there are any, else open.',
      ),
    keys: z.array(keySchema).default([]).describe('Credentials of the gateway.'),
    teams: z
      .record(z.string().min(1).max(200), teamSchema)
      .default({})
      .describe(
        'Bounds of teams, by the name that keys[].team has: of a limit of the team and one of the key the tighter counts.',
      ),
    providers: z
      .record(z.string().min(1), providerSchema)
      .default({})
      .describe(
        'Accounts at realtime providers, by the name of the provider or one of your own. A provider that is not named is configured by its variable in the environment.',
      ),
    models: modelsSchema
      .default({})
      .describe(
        'Names of your own for realtime models: the targets that are dialled for each, in order or drawn by weight, as provider/model or with their terms.',
      ),
    rehearsal: z
      .union([z.boolean(), rehearsal])
      .optional()
      .describe(
        'The rehearsal of providers that are not configured: true, false, or its options. When not given it is on in open mode while there are no providers.',
      ),
    ...sideShape,
    survive: surviveSchema
      .prefault({})
      .describe('Sessions that go on when the socket of their provider ends: see docs/surviving.md.'),
    limits: limitsSchema
      .prefault({})
      .describe(
        'Bounds of connections, messages and sessions, in each gateway process; of connections and requests in the side process, too.',
      ),
    metrics: metricsSchema.prefault({}).describe('The metrics of the admin listener.'),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
          .default('info')
          .describe('Least severity that is written.'),
        format: z
          .enum(['auto', 'json', 'text'])
          .default('auto')
          .describe('json lines, text for people, or auto: text where standard output is a terminal, else json.'),
      })
      .prefault({})
      .describe('The log on standard output.'),
  });
}
