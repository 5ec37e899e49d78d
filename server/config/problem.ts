// What is wrong in a configuration, in words: the path, what was expected, what was found. Never shows a secret.

import type { z } from 'zod';

export interface Problem {
  /** `limits.pingMs`, `keys[0].secret`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Thrown by `loadConfig`: every problem that was found, in one message of one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('\n'));
    this.problems = problems;
  }
}

type Path = readonly PropertyKey[];

/** `['keys', 0, 'secret']` -> `keys[0].secret`. */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    '',
  );
}

/** Fields that hold credentials: the only ones where `${ENV}` is allowed, and never shown. */
export function isSecretPath(path: Path): boolean {
  const [section, , field] = path;
  if (section === 'store') return path.length === 2 && path[1] === 'url';
  if (section === 'gateways') return path.length === 3 && field === 'apiKey';
  if (section === 'webhooks') return path.length === 3 && field === 'secret';
  if (section === 'keys') return path.length === 3 && field === 'secret';
  if (section === 'providers') return path.length === 3 && field === 'apiKey';
  return path.length === 2 && section === 'admin' && path[1] === 'token';
}

export interface Parsed {
  readonly schema: z.ZodType;
  readonly input: unknown;
  /** Fields whose values are never shown. */
  readonly isHidden: (path: Path) => boolean;
}

/** The issues of a failed parse, in words. */
export function problemsOf(parsed: Parsed, issues: readonly z.core.$ZodIssue[]): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(parsed, issue));
}

function problemsOfIssue(parsed: Parsed, issue: z.core.$ZodIssue): Problem[] {
  const { schema, input, isHidden } = parsed;
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(shapeAt(schema, issue.path));
    return issue.keys.map((key) => ({ path: pathText([...issue.path, key]), message: unknownKey(key, known) }));
  }
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.find((branch) => branch.some((one) => one.path.length > 0 || isAboutValue(one)));
    if (inner)
      return problemsOf(
        parsed,
        inner.map((one) => ({ ...one, path: [...issue.path, ...one.path] })),
      );
  }
  const value = valueAt(input, issue.path);
  if (value === undefined) return [{ path, message: `missing, expected ${expectation(issue)}` }];
  return [
    {
      path,
      message: `expected ${expectation(issue)}, got ${isHidden(issue.path) ? hidden(value) : shown(value, issue)}`,
    },
  ];
}

/** The branch of a union has the right type, and something else is wrong with it. */
const isAboutValue = (issue: z.core.$ZodIssue) => issue.code !== 'invalid_type' && issue.code !== 'invalid_value';

const typeWords: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a mapping',
  record: 'a mapping',
  string: 'a text',
};

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length > 1 ? `one of ${issue.values.map(String).join(', ')}` : String(issue.values[0]);
    case 'too_small':
      return `at least ${issue.minimum}${unit(issue.origin, issue.minimum)}`;
    case 'too_big':
      return `at most ${issue.maximum}${unit(issue.origin, issue.maximum)}`;
    case 'invalid_union':
      return issue.errors.map((branch) => (branch[0] ? expectation(branch[0]) : '')).join(' or ');
    default:
      return issue.message.replace(/^expected /, '');
  }
}

function unit(origin: string, count: number | bigint): string {
  if (origin === 'string') return count === 1 ? ' character' : ' characters';
  if (origin === 'array') return count === 1 ? ' entry' : ' entries';
  return '';
}

function hidden(value: unknown): string {
  if (typeof value === 'string') return 'another text (not shown)';
  return structure(value) ?? `a ${typeof value}`;
}

function structure(value: unknown): string | undefined {
  if (value === null) return 'nothing';
  if (typeof value !== 'object') return undefined;
  return Array.isArray(value) ? 'a list' : 'a mapping';
}

function shown(value: unknown, issue: z.core.$ZodIssue): string {
  // Where a structure is expected, a text may be anything: a password file, a key without its field.
  const isStructure = issue.code === 'invalid_type' && ['object', 'array', 'record'].includes(issue.expected);
  if (isStructure && typeof value === 'string') return 'a text';
  const words = structure(value);
  if (words !== undefined) return words;
  const text = JSON.stringify(value);
  // A credential in a URL, or one pasted into the wrong field, must not end up in a log.
  if (/:\/\/[^/]*@/.test(text)) return 'a URL with a credential (not shown)';
  return text.length > 80 ? `${text.slice(0, 60)}... (${text.length} characters)` : text;
}

export function unknownKey(key: string, known: readonly string[]): string {
  const close = known.filter((name) => distance(key.toLowerCase(), name.toLowerCase()) <= Math.max(2, name.length / 3));
  const [best] = close.sort((a, b) => distance(key, a) - distance(key, b));
  return `unknown key, expected one of ${known.join(', ')}${best ? `; did you mean ${best}?` : ''}`;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    input,
  );
}

type Inner = { type: string; innerType?: z.ZodType; element?: z.ZodType; valueType?: z.ZodType; options?: z.ZodType[] };

/** The keys that a mapping at this path may have. */
function shapeAt(schema: z.ZodType, path: Path): Readonly<Record<string, z.ZodType>> {
  const def = schema.def as Inner & { shape?: Record<string, z.ZodType> };
  if (def.innerType) return shapeAt(def.innerType, path);
  if (def.options)
    return def.options.map((option) => shapeAt(option, path)).find((shape) => Object.keys(shape).length) ?? {};
  const [part, ...rest] = path;
  if (part === undefined) return def.shape ?? {};
  const next = def.shape?.[String(part)] ?? def.element ?? def.valueType;
  return next ? shapeAt(next, rest) : {};
}
