// Loads the configuration: a YAML file and the environment become one frozen Config. The only place that reads process.env.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isMap, isSeq, LineCounter, type ParsedNode, parseDocument, type Scalar } from 'yaml';
import { type Config, type ConfigFile, configSchema, knownProviders } from './config.ts';
import { conflictsOf } from './conflicts.ts';
import { meantUrls, proxySettings } from './outbound-url.ts';
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
import { rehearsalTasks, rehearsedProviders } from './rehearsal/rehearsal.ts';
import { rehearsalSchema } from './rehearsal/rehearsal-schema.ts';
import { renameKeys } from './renamed-keys.ts';
import { FORWARD_CLIENT, providerSchema } from './schema.ts';

type Environment = Readonly<Record<string, string | undefined>>;

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

/** Reads, checks and freezes the configuration. Throws a ConfigError that lists every problem found. */
export function loadConfig(source: ConfigSource): Config {
  const { file, data = '.trunkline', env = process.env, check = () => [], advise = () => [], warn = () => {} } = source;
  const yaml: YamlFile = file === undefined ? { data: {}, placeOf: () => '' } : readYaml(file);
  const report = (problem: Problem) => warn(problemLine(problem, yaml.placeOf));
  const { listen, providers: inFile, rehearsal: setting, tasks, ...rest } = parseFile(yaml, env, report);
  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const { tls } = listen;
  const providers = { ...fromEnvironment(inFile, env), ...inFile };
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
    providers,
    rehearsal,
    tasks: tasks ?? defaultTasks,
    hasRehearsalGateway,
  };
  const conflicts = [...conflictsOf(config), ...check(config)];
  if (conflicts.length > 0) throw new ConfigError(conflicts, yaml.placeOf);
  for (const problem of advise(config)) report(problem);
  return deepFreeze(config);
}

/** The settings of a file under their current names, with secrets and defaults filled in, and URLs as they were meant. */
function parseFile({ data, placeOf }: YamlFile, env: Environment, warn: (problem: Problem) => void): ConfigFile {
  const problems: Problem[] = [];
  const current = renameKeys(data, { problems, warn });
  const resolved = resolveSecrets(current, [], { env, problems });
  const parsed = configSchema.safeParse(resolved, { reportInput: true });
  const reported = new Set(problems.map(({ path }) => path));
  const issues = problemsOf(configSchema, parsed.error?.issues ?? [], isSecretPath);
  problems.push(...issues.filter(({ path }) => !reported.has(path)));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems, placeOf);
  return meantUrls(parsed.data, warn);
}

interface YamlFile {
  readonly data: unknown;
  readonly placeOf: PlaceOf;
}

/** Reads the data of a file and the places of its keys. An empty file is an empty mapping. */
function readYaml(file: string): YamlFile {
  const lineCounter = new LineCounter();
  const text = readConfigFile(file);
  // Pretty errors would quote the line, which may hold a secret.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}: `;
  };
  // Other faults of syntax are often consequences of the first.
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) {
    const [offset] = fault.pos;
    const isUnquoted = text.startsWith('${', offset - 1);
    const message = isUnquoted ? 'expected "${NAME}" in quotes inside of { }' : syntaxFault(fault);
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
    // Aliases without an anchor, and those that would fill the memory, are found only here.
    throw new ConfigError([{ path: '', message: syntaxFault(error as Error) }], placeOf);
  }
}

/** Leaves out what the parser quotes behind a colon, or of a tag: a secret without quotes may begin with `*`, `!`, `|` or `>`. */
function syntaxFault({ message, code }: Error & { readonly code?: string }): string {
  const isTag = code === 'TAG_RESOLVE_FAILED' || code === 'BAD_COLLECTION_TYPE';
  return isTag ? 'expected no tag: a text that begins with ! needs quotes' : message.replace(/(?<=\S): .*/s, '');
}

/** Yields the path of every key and entry, and its offset in the text. */
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

interface SecretContext {
  readonly env: Environment;
  readonly problems: Problem[];
}

/** Copies the data with `${NAME}` replaced in the fields of secrets. Anywhere else it is a problem. */
function resolveSecrets(value: unknown, path: Path, context: SecretContext): unknown {
  if (Array.isArray(value)) return value.map((item, index) => resolveSecrets(item, [...path, index], context));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolveSecrets(item, [...path, key], context)]),
    );
  }
  if (typeof value !== 'string' || !value.includes('${')) return value;
  if (isSecretPath(path)) return secretFrom(value, path, context);
  const message = `expected a plain value: \${...} is for secrets only (${SECRET_PATHS.join(', ')})`;
  context.problems.push({ path: pathText(path), message });
  return value;
}

function secretFrom(template: string, path: Path, { env, problems }: SecretContext): string {
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

/** Providers that the file does not name and whose credential is in the environment. */
function fromEnvironment(inFile: ConfigFile['providers'], env: Environment): ConfigFile['providers'] {
  const found: ConfigFile['providers'] = {};
  const problems: Problem[] = [];
  for (const provider of knownProviders) {
    const variable = provider.environment.find((name) => env[name]?.trim());
    if (inFile[provider.name] || !variable) continue;
    const parsed = providerSchema(provider).safeParse({ apiKey: env[variable] });
    if (parsed.success && parsed.data.apiKey !== FORWARD_CLIENT) found[provider.name] = parsed.data;
    else problems.push({ path: variable, message: 'expected a credential: printable ASCII without spaces' });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return found;
}

function rehearsalOf(
  setting: ConfigFile['rehearsal'],
  providers: ConfigFile['providers'],
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
