// Problems of a configuration in words: the path, what was expected, what was found. Never shows a secret.

import { getSystemErrorMessage } from 'node:util';
import { z } from 'zod';
import { matchesGlob } from '../../codecs/text/glob.ts';
import { didYouMean, expectedName } from '../../codecs/text/nearest-names.ts';

export interface Problem {
  /** `limits.pingMs`, `keys[0].secret`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Returns the file, line and column of a path, as the beginning of a message. */
export type PlaceOf = (path: string) => string;

/** A problem in one line: `trunkline.yaml:3:5: limits.pingMs: expected ...`. */
export function problemLine({ path, message }: Problem, placeOf: PlaceOf): string {
  return `${placeOf(path)}${path ? `${path}: ` : ''}${message}`;
}

/** Thrown by `loadConfig`: every problem that was found, in one message of one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], placeOf: PlaceOf = () => '') {
    super(problems.map((problem) => problemLine(problem, placeOf)).join('\n'));
    this.problems = problems;
  }
}

/** Says why a file cannot be used: `no such file or directory`. */
export function faultText(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return errno === undefined ? message : getSystemErrorMessage(errno);
}

type Path = readonly PropertyKey[];

/** `['keys', 0, 'secret']` -> `keys[0].secret`. */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    '',
  );
}

/** Fields that hold credentials: the only ones where `${NAME}` is allowed, and never shown. */
export const SECRET_PATHS: readonly string[] = [
  'keys[*].secret',
  'providers.*.apiKey',
  'providers.*.headers.*',
  'gateways.*.apiKey',
  'gateways.*.settings.virtualKey',
  'webhooks[*].secret',
  'telemetry.headers.*',
  'store.url',
  'admin.token',
];

export function isSecretPath(path: Path): boolean {
  return SECRET_PATHS.some((pattern) => matchesGlob(pattern, pathText(path)));
}

type Issue = z.core.$ZodIssue;

/** The issues of a parse with `reportInput`, in words. Values at hidden paths are not shown. */
export function problemsOf(schema: z.ZodType, issues: readonly Issue[], isHidden: (path: Path) => boolean): Problem[] {
  const root = jsonSchemaOf(schema);
  return issues.flatMap(innermost).flatMap((issue) => {
    const part = partAt(root, issue.path);
    if (issue.code !== 'unrecognized_keys')
      return [{ path: pathText(issue.path), message: issueText(issue, part?.description, isHidden(issue.path)) }];
    const known = [part, ...(part?.anyOf ?? [])].flatMap((form) => Object.keys(form?.properties ?? {}));
    return issue.keys
      .slice(0, MAX_UNKNOWN_KEYS)
      .map((key) => ({ path: pathText([...issue.path, key]), message: unknownKey(key, known) }));
  });
}

/** Unknown keys that are reported of one mapping: a request may hold a million, and each is compared with the known ones. */
const MAX_UNKNOWN_KEYS = 20;

/** The issues of a key, or of the branch of a union that a value comes closest to, with their paths from the root. */
function innermost(issue: Issue): Issue[] {
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ ...inner, path: issue.path }));
  const [closest] = (issue.code === 'invalid_union' ? issue.errors : [])
    .filter((branch) => branch.some((inner) => inner.path.length > 0 || isAboutValue(inner)))
    .sort((a, b) => a.length - b.length);
  return closest?.flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

/** True for a branch of a union that has the right type, and something else wrong with it. */
const isAboutValue = ({ code }: Issue) => code !== 'invalid_type' && code !== 'invalid_value';

function issueText(issue: Issue, description: string | undefined, isHiddenValue: boolean): string {
  const { input } = issue;
  const isAboutType = input === undefined || issue.code === 'invalid_type' || issue.code === 'invalid_union';
  const meaning = description && isAboutType ? ` (${description})` : '';
  if (input === undefined) return `missing, expected ${expectation(issue)}${meaning}`;
  // A rule about several fields has the whole mapping as its input.
  if (issue.code === 'custom' && typeof input === 'object') return `expected ${expectation(issue)}`;
  const isWord = issue.code === 'invalid_value' && typeof input === 'string';
  const hint = isWord ? didYouMean(input, issue.values.map(String)) : '';
  return `expected ${expectation(issue)}, got ${found(issue, isHiddenValue)}${hint}${meaning}`;
}

const typeWords: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a mapping',
  record: 'a mapping',
  string: 'a text',
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type': {
      const quotes = issue.expected === 'string' && typeof issue.input !== 'object' && issue.input !== undefined;
      return `${typeWords[issue.expected] ?? issue.expected}${quotes ? ' in quotes' : unitOf(issue.path)}`;
    }
    case 'invalid_value':
      return issue.values.length > 1 ? `one of ${issue.values.map(String).join(', ')}` : String(issue.values[0]);
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${counted(issue.origin, issue.minimum)}`;
    case 'too_big':
      return `at most ${issue.maximum}${counted(issue.origin, issue.maximum)}`;
    case 'invalid_union':
      return [...new Set(issue.errors.flatMap(([first]) => (first ? expectation(first) : [])))].join(' or ');
    default:
      return issue.message.replace(/^expected /, '');
  }
}

/** The unit of a number, by the name of its field. */
function unitOf(path: Path): string {
  const name = String(path.at(-1));
  if (name.endsWith('Ms')) return ' of milliseconds';
  if (name.endsWith('Bytes')) return ' of bytes';
  return name.includes('Usd') ? ' of US dollars' : '';
}

function counted(origin: string, count: number | bigint): string {
  if (origin === 'string') return count === 1 ? ' character' : ' characters';
  if (origin === 'array') return count === 1 ? ' entry' : ' entries';
  return '';
}

function found(issue: Issue, isHiddenValue: boolean): string {
  const { input } = issue;
  if (input === null) return 'nothing';
  if (Array.isArray(input)) return issue.code === 'invalid_type' ? 'a list' : String(input.length);
  if (typeof input === 'object') return 'a mapping';
  if (isHiddenValue) return typeof input === 'string' ? 'another text (not shown)' : `a ${typeof input}`;
  // A text in the place of a structure may be a password file, or a key without its field.
  const isStructure = issue.code === 'invalid_type' && ['object', 'array', 'record'].includes(issue.expected);
  if (isStructure && typeof input === 'string') return 'a text';
  const text = JSON.stringify(input);
  // URLs may hold a credential, which must not end up in a log.
  if (/:\/\/[^/]*@/.test(text)) return 'a URL with a credential (not shown)';
  if (text.includes('-----BEGIN ')) return 'a text in PEM (not shown)';
  return text.length > 80 ? `${text.slice(0, 60)}... (${text.length} characters)` : text;
}

export function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key, ${expectedName(key, known)}`;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Converts a schema to the JSON Schema of what may be written, with its descriptions. */
export const jsonSchemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

/** Finds the part of a JSON Schema for the value at a path. */
export function partAt(schema: JsonSchema, [name, ...rest]: Path): JsonSchema | undefined {
  if (name === undefined) return schema;
  for (const { properties, items, additionalProperties } of schema.anyOf ?? [schema]) {
    const part = properties?.[String(name)] ?? items ?? additionalProperties;
    if (typeof part === 'object' && !Array.isArray(part)) return partAt(part, rest);
  }
  return undefined;
}
