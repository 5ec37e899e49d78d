// Loads the configuration: a YAML file and the environment become one frozen Config. The only place that reads process.env.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { type Config, type ConfigFile, configSchema, knownProviders } from './config.ts';
import { conflictsOf } from './conflicts.ts';
import { ConfigError, isSecretPath, type Problem, pathText, problemsOf } from './problem.ts';
import { rehearsalTasks, rehearsedProviders } from './rehearsal.ts';
import { rehearsalSchema } from './rehearsal-schema.ts';
import { renameKeys } from './renamed-keys.ts';
import { clientsOwn, providerSchema } from './schema.ts';
import type { SideConfig } from './side-schema.ts';

export interface ConfigSource {
  /** Path of the YAML file; none: defaults and the environment. */
  readonly file?: string | undefined;
  /** The data directory; `.trunkline` in the working directory when not given. */
  readonly data?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Finds conflicts that only other rooms know of; none when not given. */
  readonly check?: ((config: Config) => readonly Problem[]) | undefined;
  /** Is told of what still works and should be changed, in sentences that name the file. */
  readonly warn?: ((message: string) => void) | undefined;
}

/** Reads, checks and freezes the configuration. Throws a ConfigError that lists every problem found. */
export function loadConfig(source: ConfigSource): Config {
  const { file, data = '.trunkline', env = process.env, check = () => [], warn = () => {} } = source;
  const raw = file === undefined ? {} : parseYaml(file);
  const problems: Problem[] = [];
  const current = renameKeys(raw, { problems, warn: (message) => warn(`${file}: ${message}`) });
  const resolved = resolveSecrets(current, [], { env, problems });
  const parsed = configSchema.safeParse(resolved);
  if (!parsed.success) {
    const reported = new Set(problems.map(({ path }) => path));
    problems.push(
      ...problemsOf({ schema: configSchema, input: resolved, isHidden: isSecretPath }, parsed.error.issues).filter(
        ({ path }) => !reported.has(path),
      ),
    );
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);

  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const { listen, providers: inFile, rehearsal: asked, tasks, ...rest } = parsed.data;
  const { tls } = listen;
  const providers = { ...fromEnvironment(inFile, env), ...inFile };
  const rehearsal = rehearsalOf(asked, providers, rest.keys.length === 0);
  const config: Config = {
    ...rest,
    dataDirectory: resolve(data),
    listen: tls ? { ...listen, tls: { cert: resolve(base, tls.cert), key: resolve(base, tls.key) } } : listen,
    providers,
    rehearsal,
    ...sideTasks(tasks, rehearsal !== false && Object.keys(rest.gateways).length === 0, rest.transcripts !== 'off'),
  };
  const conflicts = [...conflictsOf(config, knownProviders), ...check(config)];
  if (conflicts.length > 0) throw new ConfigError(conflicts);
  return deepFreeze(config);
}

/** The file as data; faults of syntax carry their line and column. An empty file is an empty mapping. */
function parseYaml(file: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(readConfigFile(file), { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const problems = faults.map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      return { path: '', message: `${file}: line ${line}, column ${col}: ${message}` };
    });
    throw new ConfigError(problems);
  }
  try {
    return document.toJS() ?? {};
  } catch (error) {
    // An alias without its anchor, or aliases that would blow up.
    throw new ConfigError([{ path: '', message: `${file}: ${(error as Error).message}` }]);
  }
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    throw new ConfigError([{ path: '', message: `${file}: expected a configuration file, got: ${reason}` }]);
  }
}

type Path = readonly (string | number)[];

type Resolving = { readonly env: NonNullable<ConfigSource['env']>; readonly problems: Problem[] };

/** A copy in which `${NAME}` in secret fields is replaced; anywhere else it is a problem. */
function resolveSecrets(value: unknown, path: Path, to: Resolving): unknown {
  if (Array.isArray(value)) return value.map((item, index) => resolveSecrets(item, [...path, index], to));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolveSecrets(item, [...path, key], to)]),
    );
  }
  if (typeof value !== 'string' || !value.includes('${')) return value;
  if (isSecretPath(path)) return secretFrom(value, path, to);
  const where = 'keys[].secret, providers.*.apiKey, gateways.*.apiKey, webhooks[].secret, store.url and admin.token';
  to.problems.push({ path: pathText(path), message: `expected a plain value: \${...} is for secrets only (${where})` });
  return value;
}

function secretFrom(template: string, path: Path, { env, problems }: Resolving): string {
  const report = (message: string) => {
    problems.push({ path: pathText(path), message });
    // Keeps the field valid, so that the same fault is not reported twice.
    return `missing-${pathText(path)}`;
  };
  const secret = template.replace(/\$\{([^}]*)(\}|$)/g, (_, name: string, end: string) => {
    if (!end || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return report('expected ${NAME} with the name of a variable');
    const value = env[name];
    return value?.trim()
      ? value
      : report(`the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'}`);
  });
  // A variable must not be able to change what the field means.
  return secret === clientsOwn ? report(`expected a credential, got the word ${clientsOwn} from a variable`) : secret;
}

/** Providers that the file does not mention and whose credential is in the environment. */
function fromEnvironment(
  inFile: ConfigFile['providers'],
  env: NonNullable<ConfigSource['env']>,
): ConfigFile['providers'] {
  const found: ConfigFile['providers'] = {};
  const problems: Problem[] = [];
  for (const provider of knownProviders) {
    const { name, environment } = provider;
    const variable = environment.find((one) => env[one]?.trim());
    if (inFile[name] || !variable) continue;
    const apiKey = env[variable] ?? '';
    if (!/^[\x21-\x7e]+$/.test(apiKey) || apiKey === clientsOwn)
      problems.push({ path: variable, message: 'expected a credential: printable ASCII without spaces' });
    else found[name] = providerSchema(provider).parse({ apiKey });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return found;
}

function rehearsalOf(
  asked: ConfigFile['rehearsal'],
  providers: ConfigFile['providers'],
  isOpen: boolean,
): Config['rehearsal'] {
  const rehearsed = rehearsedProviders({
    isWanted: typeof asked === 'object' ? true : asked,
    known: knownProviders.map(({ name }) => name),
    configured: Object.keys(providers),
    isOpen,
  });
  if (rehearsed.length === 0) return false;
  return { ...(typeof asked === 'object' ? asked : rehearsalSchema.parse({})), providers: rehearsed };
}

/** Tasks of rehearsal sessions run on the rehearsal's LLM gateway when no other is configured; there is a default list of them. */
function sideTasks(
  tasks: ConfigFile['tasks'],
  hasRehearsalGateway: boolean,
  hasTranscripts: boolean,
): Pick<SideConfig, 'tasks' | 'hasRehearsalGateway'> {
  return { tasks: tasks ?? (hasRehearsalGateway && hasTranscripts ? rehearsalTasks : []), hasRehearsalGateway };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
