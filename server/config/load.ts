// Loads the configuration: a YAML file and the environment become one frozen Config. The only place that reads process.env.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isMap, isSeq, LineCounter, type ParsedNode, parseDocument, type Scalar } from 'yaml';
import { type Config, type ConfigFile, configSchema, knownProviders } from './config.ts';
import { conflictsOf } from './conflicts.ts';
import {
  ConfigError,
  faultText,
  isSecretPath,
  type PlaceOf,
  type Problem,
  pathText,
  problemLine,
  problemsOf,
  SECRET_PATHS,
} from './problem.ts';
import { rehearsalTasks, rehearsedProviders } from './rehearsal.ts';
import { rehearsalSchema } from './rehearsal-schema.ts';
import { renameKeys } from './renamed-keys.ts';
import { FORWARD_CLIENT, providerSchema } from './schema.ts';
import type { SideConfig } from './side-schema.ts';

export interface ConfigSource {
  /** Path of the YAML file. Without one there are defaults and the environment. */
  readonly file?: string | undefined;
  /** Path of the data directory; `.trunkline` in the working directory when not given. */
  readonly data?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Finds conflicts that only other rooms know of; none when not given. */
  readonly check?: ((config: Config) => readonly Problem[]) | undefined;
  /** Takes warnings about keys that still work and should be renamed. They name the file. */
  readonly warn?: ((message: string) => void) | undefined;
}

/** Reads, checks and freezes the configuration. Throws a ConfigError that lists every problem found. */
export function loadConfig(source: ConfigSource): Config {
  const { file, data = '.trunkline', env = process.env, check = () => [], warn = () => {} } = source;
  const { data: written, placeOf }: YamlFile = file === undefined ? { data: {}, placeOf: () => '' } : readYaml(file);
  const problems: Problem[] = [];
  const current = renameKeys(written, { problems, warn: (problem) => warn(problemLine(problem, placeOf)) });
  const resolved = resolveSecrets(current, [], { env, problems });
  const parsed = configSchema.safeParse(resolved, { reportInput: true });
  const reported = new Set(problems.map(({ path }) => path));
  const issues = problemsOf(configSchema, parsed.error?.issues ?? [], isSecretPath);
  problems.push(...issues.filter(({ path }) => !reported.has(path)));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems, placeOf);

  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const { listen, providers: inFile, rehearsal: wanted, tasks, ...rest } = parsed.data;
  const { tls } = listen;
  const providers = { ...fromEnvironment(inFile, env), ...inFile };
  const rehearsal = rehearsalOf(wanted, providers, rest.keys.length === 0);
  const config: Config = {
    ...rest,
    dataDirectory: resolve(data),
    listen: tls ? { ...listen, tls: { cert: resolve(base, tls.cert), key: resolve(base, tls.key) } } : listen,
    providers,
    rehearsal,
    ...sideTasks(tasks, rehearsal !== false && Object.keys(rest.gateways).length === 0, rest.transcripts !== 'off'),
  };
  const conflicts = [...conflictsOf(config, knownProviders), ...check(config)];
  if (conflicts.length > 0) throw new ConfigError(conflicts, placeOf);
  return deepFreeze(config);
}

interface YamlFile {
  readonly data: unknown;
  readonly placeOf: PlaceOf;
}

/** Reads a file and where its keys are. An empty file is an empty mapping. */
function readYaml(file: string): YamlFile {
  const lineCounter = new LineCounter();
  const text = readConfigFile(file);
  // Pretty errors would quote the line, which may hold a secret.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}: `;
  };
  // The first fault of syntax; others are often only its consequences.
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) {
    const [offset] = fault.pos;
    const isUnquoted = text.startsWith('${', offset - 1);
    const message = isUnquoted ? 'expected "${NAME}" in quotes inside of { }' : fault.message;
    throw new ConfigError([{ path: '', message }], () => place(offset));
  }
  const offsets = new Map(offsetsOf(document.contents, []));
  const placeOf = (path: string): string => {
    const offset = offsets.get(path);
    if (offset !== undefined) return place(offset);
    return path === '' ? `${file}: ` : placeOf(path.replace(/(^|[.[])[^.[]*$/, ''));
  };
  try {
    return { data: document.toJS() ?? {}, placeOf };
  } catch (error) {
    // An alias has no anchor, or aliases would blow up.
    throw new ConfigError([{ path: '', message: (error as Error).message }], placeOf);
  }
}

/** The path of every key and entry with its offset in the text. */
function* offsetsOf(node: unknown, path: Path): Generator<[string, number]> {
  const entries = isMap<Scalar.Parsed>(node)
    ? node.items.map(({ key, value }) => ({ part: String(key.value), start: key, value }))
    : isSeq<ParsedNode>(node)
      ? node.items.map((value, part) => ({ part, start: value, value }))
      : [];
  for (const { part, start, value } of entries) {
    yield [pathText([...path, part]), start.range[0]];
    yield* offsetsOf(value, [...path, part]);
  }
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `expected a readable configuration file, got "${file}": ${faultText(error)}`;
    throw new ConfigError([{ path: '', message }]);
  }
}

type Path = readonly (string | number)[];

type Resolving = { readonly env: NonNullable<ConfigSource['env']>; readonly problems: Problem[] };

/** Copies the data and replaces `${NAME}` in secret fields; anywhere else it is a problem. */
function resolveSecrets(value: unknown, path: Path, to: Resolving): unknown {
  if (Array.isArray(value)) return value.map((item, index) => resolveSecrets(item, [...path, index], to));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolveSecrets(item, [...path, key], to)]),
    );
  }
  if (typeof value !== 'string' || !value.includes('${')) return value;
  if (isSecretPath(path)) return secretFrom(value, path, to);
  const message = `expected a plain value: \${...} is for secrets only (${SECRET_PATHS.join(', ')})`;
  to.problems.push({ path: pathText(path), message });
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
  return secret === FORWARD_CLIENT
    ? report(`expected a credential, got the word ${FORWARD_CLIENT} from a variable`)
    : secret;
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
    if (!/^[\x21-\x7e]+$/.test(apiKey) || apiKey === FORWARD_CLIENT)
      problems.push({ path: variable, message: 'expected a credential: printable ASCII without spaces' });
    else found[name] = providerSchema(provider).parse({ apiKey });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return found;
}

function rehearsalOf(
  wanted: ConfigFile['rehearsal'],
  providers: ConfigFile['providers'],
  isOpen: boolean,
): Config['rehearsal'] {
  const rehearsed = rehearsedProviders({
    isWanted: typeof wanted === 'object' ? true : wanted,
    known: knownProviders.map(({ name }) => name),
    configured: Object.keys(providers),
    isOpen,
  });
  if (rehearsed.length === 0) return false;
  return { ...(typeof wanted === 'object' ? wanted : rehearsalSchema.parse({})), providers: rehearsed };
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
