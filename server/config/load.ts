// Loads the configuration: a YAML file and the environment become one frozen Config. The only place that reads process.env.

import { dirname, resolve } from 'node:path';
import { providers as kinds } from '../../adapters/realtime/index.ts';
import { type Config, type ConfigFile, configSchema, type ProviderConfig } from './config.ts';
import { conflictsOf } from './conflicts.ts';
import { type Environment, resolveSecrets } from './file/credential.ts';
import { meantUrls, proxySettings } from './file/outbound-url.ts';
import { readYaml, type YamlFile } from './file/read.ts';
import { renameKeys } from './file/renamed-keys.ts';
import { FORWARD_CLIENT } from './file/words.ts';
import { keptRunning } from './live/restart.ts';
import { ConfigError, isSecretPath, type PlaceOf, type Problem, problemLine, problemsOf } from './problem.ts';
import { accountsOf } from './providers/accounts.ts';
import { providerSchema } from './providers/schema.ts';
import { rehearsalTasks, rehearsedProviders } from './rehearsal/rehearsal.ts';
import { rehearsalSchema } from './rehearsal/rehearsal-schema.ts';

interface ConfigSource {
  /** Path of the YAML file. Without it the defaults and the environment apply. */
  readonly file?: string | undefined;
  /** Path of the data directory; `.trunkline` in the working directory when not given. */
  readonly data?: string | undefined;
  readonly env?: Environment | undefined;
  /** Finds the conflicts that only other rooms know of. */
  readonly check?: ((config: Config) => readonly Problem[]) | undefined;
  /** Finds the settings that can never work, which only other rooms know of. Nothing is refused for them. */
  readonly advise?: ((config: Config) => readonly Problem[]) | undefined;
  /** Called with a sentence, which names the file and the line, about each setting that should be changed. */
  readonly warn?: ((message: string) => void) | undefined;
}

/** The environment that this process was started with, for another one that is started like it. */
export const startedWith: Environment = { ...process.env };

/** Names the variable that a supervisor has which another process of ours starts. */
export const KEPT = 'TRUNKLINE_KEPT';

/** The variable in which commands are told the `admin.token` of the gateway that runs, where the file has another one by now. */
export const ADMIN_TOKEN_VARIABLE = 'TRUNKLINE_ADMIN_TOKEN';

/** Returns what is in that variable; undefined where it is not set. */
export const givenAdminToken = (env: Environment = process.env): string | undefined =>
  env[ADMIN_TOKEN_VARIABLE]?.trim() || undefined;

/** Reads, checks and freezes the configuration. Throws a ConfigError that lists every problem found. */
export function loadConfig(source: ConfigSource): Config {
  const read = readConfig(source);
  const problems = conflictsIn(read.config, source);
  if (problems.length > 0) throw new ConfigError(problems, read.placeOf);
  return adopted(read, source);
}

/**
 * Does the same while a configuration is in force. What needs a restart stays as it is there, and is named (`listen.port`). Refuses also what does
 * not go together with that.
 */
export function loadConfigAgain(source: ConfigSource, inForce: Config): Reread {
  const read = readConfig(source);
  const { config, needsRestart } = keptRunning(read.config, inForce);
  const kept = needsRestart.length === 0 ? '' : `; ${needsRestart.join(', ')} of before is in force until a restart`;
  const problems = conflictsIn(read.config, source);
  const consequences = conflictsIn(config, source).map(({ path, message }) => ({ path, message: message + kept }));
  const found = problems.length > 0 ? problems : [...consequences, ...openings(read.config, inForce)];
  if (found.length > 0) throw new ConfigError(found, read.placeOf);
  return { config: adopted({ ...read, config }, source), needsRestart };
}

/** Refuses to let everyone in only because the keys of the file are gone: they may be in the store now, or the file is being written. */
function openings({ access, isAccessGiven }: Config, inForce: Config): Problem[] {
  if (isAccessGiven || access === 'keys' || inForce.access === 'open') return [];
  const message = 'expected keys or open, got none: the file has no keys any more, and everyone would be let in';
  return [{ path: 'access', message }];
}

export interface Reread {
  readonly config: Config;
  /** Paths of what was changed, and takes effect at the next start only. */
  readonly needsRestart: readonly string[];
}

const conflictsIn = (config: Config, { check = () => [] }: ConfigSource): Problem[] => [
  ...conflictsOf(config),
  ...check(config),
];

function adopted({ config, report }: ReadConfig, { advise = () => [] }: ConfigSource): Config {
  for (const problem of advise(config)) report(problem);
  return deepFreeze(config);
}

interface ReadConfig {
  readonly config: Config;
  readonly placeOf: PlaceOf;
  report(problem: Problem): void;
}

/** Throws a ConfigError for everything that is wrong with a setting by itself. */
function readConfig({ file, data = '.trunkline', env = process.env, warn = () => {} }: ConfigSource): ReadConfig {
  const yaml: YamlFile = file === undefined ? { data: {}, placeOf: () => '' } : readYaml(file);
  const report = (problem: Problem) => warn(problemLine(problem, yaml.placeOf));
  const { listen, providers: inFile, rehearsal: setting, tasks, ...rest } = parseFile(yaml, env, report);
  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const { tls } = listen;
  const providers = { ...fromEnvironment(inFile, env), ...withFiles(inFile, base) };
  const { access = rest.keys.length === 0 ? 'open' : 'keys' } = rest;
  const rehearsal = rehearsalOf(setting, providers, access === 'open');
  const hasRehearsalGateway = rehearsal !== false && Object.keys(rest.gateways).length === 0;
  const defaultTasks = hasRehearsalGateway && rest.transcripts !== 'off' ? rehearsalTasks : [];
  const proxy = proxySettings(env);
  const config: Config = {
    ...rest,
    ...(proxy && { proxy }),
    dataDirectory: resolve(data),
    listen: tls ? { ...listen, tls: { cert: resolve(base, tls.cert), key: resolve(base, tls.key) } } : listen,
    access,
    isAccessGiven: rest.access !== undefined,
    providers,
    rehearsal,
    tasks: tasks ?? defaultTasks,
    hasRehearsalGateway,
  };
  return { config, placeOf: yaml.placeOf, report };
}

/** Accounts whose files are named from where the configuration is. */
const withFiles = (accounts: Parsed['providers'], base: string): Parsed['providers'] =>
  Object.fromEntries(
    Object.entries(accounts).map(([name, { credentialsFile, ...account }]) => [
      name,
      credentialsFile === undefined ? account : { ...account, credentialsFile: resolve(base, credentialsFile) },
    ]),
  );

type Parsed = Omit<ConfigFile, 'providers'> & { readonly providers: Record<string, ProviderConfig> };

/** The settings of a file under their current names, with secrets and defaults filled in, and URLs as they were meant. */
function parseFile({ data, placeOf }: YamlFile, env: Environment, warn: (problem: Problem) => void): Parsed {
  const problems: Problem[] = [];
  const current = renameKeys(data, { problems, warn });
  const resolved = resolveSecrets(current, [], { env, problems });
  const parsed = configSchema.safeParse(resolved, { reportInput: true });
  const reported = new Set(problems.map(({ path }) => path));
  const issues = problemsOf(configSchema, parsed.error?.issues ?? [], isSecretPath);
  problems.push(...issues.filter(({ path }) => !reported.has(path)));
  if (!parsed.success) throw new ConfigError(problems, placeOf);
  const providers = accountsOf(parsed.data.providers, (problem) => problems.push(problem));
  if (problems.length > 0) throw new ConfigError(problems, placeOf);
  return meantUrls({ ...parsed.data, providers }, warn);
}

/** Providers that the file does not name and whose credential is in the environment. */
function fromEnvironment(inFile: Config['providers'], env: Environment): Record<string, ProviderConfig> {
  const found: Record<string, ProviderConfig> = {};
  const problems: Problem[] = [];
  for (const { name, environment } of kinds.values()) {
    const variable = environment.find((one) => env[one]?.trim());
    if (inFile[name] || !variable) continue;
    const parsed = providerSchema.safeParse({ apiKey: env[variable] });
    if (parsed.success && parsed.data.apiKey !== FORWARD_CLIENT)
      Object.assign(
        found,
        accountsOf({ [name]: parsed.data }, (problem) => problems.push(problem)),
      );
    else problems.push({ path: variable, message: 'expected a credential: printable ASCII without spaces' });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return found;
}

function rehearsalOf(
  setting: ConfigFile['rehearsal'],
  providers: Config['providers'],
  isOpen: boolean,
): Config['rehearsal'] {
  const rehearsed = rehearsedProviders({
    isWanted: typeof setting === 'object' ? true : setting,
    configured: Object.keys(providers),
    isOpen,
  });
  if (rehearsed.length === 0) return false;
  return { ...(typeof setting === 'object' ? setting : rehearsalSchema.parse({})), providers: rehearsed };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
