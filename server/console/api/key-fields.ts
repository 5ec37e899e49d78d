// The fields of a key as they are typed, and as the gateway takes them. The gateway says what is wrong: a text that is no number goes as it is.

import type { JsonObject } from '../../../codecs/json/object.ts';
import { listOrEmpty, objectOrEmpty } from './loose-json.ts';

export interface KeyField {
  /** Place in the body: `rates.callsPerMinute`. */
  readonly path: string;
  readonly label: string;
  readonly hint?: string;
  /** Meaning of its text: `list`: texts with commas or spaces between; `tags`: a line each; choices: one of them. */
  readonly form?: 'number' | 'list' | 'tags' | 'time' | readonly (readonly [value: string, label: string])[];
}

interface KeyGroup {
  readonly title: string;
  /** Few keys have any of them. */
  readonly isRare?: true;
  readonly fields: readonly KeyField[];
}

const dataClasses = [
  ['', 'as team or path say'],
  ['open', 'open'],
  ['regulated', 'regulated'],
] as const;

const limits = (at: '' | 'endUsers.'): readonly KeyField[] => [
  { path: `${at}maxSessions`, label: 'Sessions at once', form: 'number' },
  { path: `${at}rates.sessionsPerMinute`, label: 'Sessions a minute', form: 'number' },
  { path: `${at}rates.callsPerMinute`, label: 'Calls a minute', form: 'number' },
  { path: `${at}rates.tokensPerMinute`, label: 'Tokens a minute', form: 'number' },
];

export const keyGroups: readonly KeyGroup[] = [
  {
    title: 'Who has it',
    fields: [
      { path: 'id', label: 'Name', hint: 'Letters, digits, _ - . @ and :' },
      { path: 'team', label: 'Team' },
      { path: 'endUser', label: 'End user' },
      { path: 'expiresAt', label: 'Expires', hint: 'Never when empty', form: 'time' },
      { path: 'tags', label: 'Tags', hint: 'A line each, such as plan: gold', form: 'tags' },
    ],
  },
  {
    title: 'What it may use',
    fields: [
      { path: 'models', label: 'Models', hint: 'Such as openai/*, gemini/*; all when empty', form: 'list' },
      { path: 'class', label: 'Prompt class', hint: 'Of all that it does' },
      { path: 'classes', label: 'Classes to choose from', hint: 'All when empty', form: 'list' },
      { path: 'dataClass', label: 'Data class', form: dataClasses },
    ],
  },
  {
    title: 'Limits',
    fields: [
      ...limits(''),
      { path: 'maxSessionSeconds', label: 'Longest session, s', form: 'number' },
      { path: 'maxUsdPerSession', label: 'Most per session, USD', form: 'number' },
    ],
  },
  { title: 'Limits of each of its end users', isRare: true, fields: limits('endUsers.') },
  {
    title: 'Transcripts and calls',
    isRare: true,
    fields: [
      {
        path: 'transcripts',
        label: 'Transcripts',
        form: [
          ['', 'as configured'],
          ['off', 'not kept'],
        ],
      },
      {
        path: 'unknownFields',
        label: 'Unknown fields of calls',
        form: [
          ['', 'as the class says'],
          ['refuse', 'refused'],
          ['drop', 'dropped'],
        ],
      },
      {
        path: 'responses',
        label: 'WebSocket of Responses',
        hint: 'To the provider, or as calls of the side path',
        form: [
          ['', 'as the class says'],
          ['direct', 'direct'],
          ['routed', 'routed'],
        ],
      },
      {
        path: 'callIds',
        label: 'Calls that it may join',
        hint: 'By ?call_id=, at an account that keys share',
        form: [
          ['', 'none'],
          ['any', 'any'],
        ],
      },
      {
        path: 'survive',
        label: 'Sessions survive',
        hint: 'The socket of the end that is named',
        form: [
          ['', 'as the path says'],
          ['provider', 'their provider'],
          ['client', 'their client'],
          ['both', 'both'],
        ],
      },
    ],
  },
];

const fields = keyGroups.flatMap((group) => group.fields);

/** The fields of each of its budgets. */
export const budgetFields: readonly KeyField[] = [
  { path: 'maxUsd', label: 'Most, USD', form: 'number' },
  { path: 'window', label: 'In a', form: ['minute', 'hour', 'day', 'month', 'total'].map((name) => [name, name]) },
  {
    path: 'path',
    label: 'Path',
    form: [
      ['', 'both'],
      ['direct', 'direct'],
      ['routed', 'routed'],
    ],
  },
  { path: 'class', label: 'Prompt class', hint: 'All when empty' },
];

/** Texts by the paths of their fields; one that is missing or empty is not given. */
export type FieldTexts = Readonly<Record<string, string>>;

export interface KeyTexts {
  readonly fields: FieldTexts;
  readonly budgets: readonly FieldTexts[];
}

export const newBudget: FieldTexts = { window: 'month' };

/** A key of the gateway as it would be typed; `{}` for a new one. */
export function textsOfKey(key: object): KeyTexts {
  const given = objectOrEmpty(key);
  return {
    fields: textsOf(fields, given),
    budgets: listOrEmpty(given.budgets).map((budget) => textsOf(budgetFields, budget)),
  };
}

/** The body of `POST /keys`. */
export function keyBody(texts: KeyTexts): JsonObject {
  const budgets = texts.budgets.map((budget) => bodyOf(budgetFields, budget));
  return { ...bodyOf(fields, texts.fields), ...(budgets.length > 0 && { budgets }) };
}

/** The body of `PATCH /keys/{id}`: what was typed anew, null for what was emptied. */
export function keyChange(before: KeyTexts, after: KeyTexts): JsonObject {
  const [was, is] = [keyBody(before), keyBody(after)];
  const names = Object.keys({ ...was, ...is });
  const changed = names.filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
  return Object.fromEntries(changed.map((name) => [name, is[name] ?? null]));
}

/** The path of the input that an error is about: `models` for one in `models[2]`. */
export function fieldNamed(named: string, { budgets }: KeyTexts): string | undefined {
  const ofBudgets = budgets.flatMap((_, at) => budgetFields.map(({ path }) => `budgets[${at}].${path}`));
  const paths = [...fields.map(({ path }) => path), ...ofBudgets];
  return paths.find((path) => named === path || named.startsWith(`${path}[`) || named.startsWith(`${path}.`));
}

/** A time so many days from now, as the field of a time has it. */
export const timeIn = (days: number, now: number): string => localTime(now + days * 86_400_000);

function textsOf(of: readonly KeyField[], given: JsonObject): FieldTexts {
  return Object.fromEntries(
    of.map(({ path, form }) => {
      const value = path.split('.').reduce<unknown>((at, name) => objectOrEmpty(at)[name], given);
      return [path, form === 'time' && value !== undefined ? localTime(Date.parse(String(value))) : textOf(value)];
    }),
  );
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.join(', ');
  const tags = Object.entries(objectOrEmpty(value)).map(([name, tag]) => `${name}: ${tag}`);
  return typeof value === 'object' ? tags.join('\n') : String(value);
}

/** The clock of the reader, to the minute: 2027-01-31T09:30. */
function localTime(ms: number): string {
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function bodyOf(of: readonly KeyField[], texts: FieldTexts): JsonObject {
  return of.reduce<JsonObject>((body, field) => {
    const text = texts[field.path]?.trim() ?? '';
    return text === '' ? body : withValue(body, field.path.split('.'), valueTyped(field, text));
  }, {});
}

function withValue(body: JsonObject, [name = '', ...rest]: readonly string[], value: unknown): JsonObject {
  return { ...body, [name]: rest.length === 0 ? value : withValue(objectOrEmpty(body[name]), rest, value) };
}

function valueTyped({ form }: KeyField, text: string): unknown {
  switch (form) {
    case 'number':
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case 'list':
      return text.split(/[\s,]+/).filter((word) => word !== '');
    case 'time':
      // A year of six digits is no date.
      return Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString();
    case 'tags':
      return Object.fromEntries(
        text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map(tagOf),
      );
    default:
      return text;
  }
}

/** A name may have colons of its own: those without a space behind them. */
function tagOf(line: string): readonly [name: string, value: string] {
  const [, name = line, value = ''] = /^(.*?):(?:\s+(.*))?$/.exec(line) ?? /^(.*?):(.*)$/.exec(line) ?? [];
  return [name.trim(), value.trim()];
}
