// Everything that is configurable, with its defaults, as plain frozen data. `load.ts` makes it.

import type { z } from 'zod';
import type { FileKey } from './key-schema.ts';
import type { ModelTarget } from './providers/models-schema.ts';
import type { ProviderConfig } from './providers/schema.ts';
import { rehearsalSchema } from './rehearsal/rehearsal-schema.ts';
import { fileSchema, type Limits } from './schema.ts';
import type { SideConfig } from './side-schema.ts';

export type { FileKey, Key } from './key-schema.ts';
export type { ModelTarget } from './providers/models-schema.ts';
export type { Preconnect, ProviderConfig } from './providers/schema.ts';
export type { Limits } from './schema.ts';

/** The schema of the file. */
export const configSchema = fileSchema(rehearsalSchema);

/** The file after its schema: defaults are filled in, references are not resolved. */
export type ConfigFile = z.infer<typeof configSchema>;

/** The options of the rehearsal, and the names of the providers that it stands in for (at least one). */
type Rehearsal = Readonly<z.infer<typeof rehearsalSchema>> & { readonly providers: readonly string[] };

/** Everything that is configurable, frozen, with its defaults: plain JSON data, so that it can be sent to other processes. */
export interface Config extends SideConfig {
  /** Gateway processes that share the listening port. */
  readonly processes: number;
  /** Absolute path of the folder for the store, certificates and `run.json`. */
  readonly dataDirectory: string;
  /** `tls` holds absolute paths; without it a development certificate is used. */
  readonly listen: Readonly<Omit<ConfigFile['listen'], 'origins' | 'trustedProxies'>> & {
    readonly origins: readonly string[];
    readonly trustedProxies: readonly string[];
  };
  readonly admin: Readonly<ConfigFile['admin']>;
  /** `open` (open mode) takes every credential, and serves loopback peers only. */
  readonly access: 'open' | 'keys';
  /** False where `access` follows from the keys. */
  readonly isAccessGiven: boolean;
  /** Those of the file: with `access: keys` there may be others. */
  readonly keys: readonly FileKey[];
  /** The bounds of teams by name. */
  readonly teams: Readonly<ConfigFile['teams']>;
  /** Accounts at realtime providers, by name. */
  readonly providers: Readonly<Partial<Record<string, ProviderConfig>>>;
  /** Targets of realtime models, by names of the operator's own. */
  readonly models: Readonly<Record<string, readonly ModelTarget[]>>;
  /** `false`: a provider that is not configured is refused. */
  readonly rehearsal: false | Rehearsal;
  /** Sessions that go on when the socket of their provider ends. */
  readonly survive: Readonly<ConfigFile['survive']>;
  readonly limits: Limits;
  /** Labels that metrics have besides the usual ones. */
  readonly metrics: Readonly<ConfigFile['metrics']>;
  readonly log: Readonly<ConfigFile['log']>;
}
