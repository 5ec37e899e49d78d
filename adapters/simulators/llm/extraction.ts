// Extracts a value for any JSON Schema from a text: what a field's name finds there, else null, else the smallest value that fits.

import { isObject, type JsonObject } from '../../../codecs/json-object.ts';
import { mergeSchemas, referencedSchema } from '../json-schema.ts';

/** Levels of schemas that are followed, since a schema may contain itself. */
const MAX_DEPTH = 12;
const MAX_ITEMS = 20;

/** The value for the schema out of the text. Deterministic. */
export function valueForSchema(schema: JsonObject, text: string): unknown {
  return valueFor(schema, { root: schema, text, name: '', depth: 0 });
}

interface FieldContext {
  readonly root: JsonObject;
  readonly text: string;
  /** Name of the field, in words. */
  readonly name: string;
  readonly depth: number;
}

function valueFor(given: unknown, field: FieldContext): unknown {
  if (!isObject(given) || field.depth > MAX_DEPTH) return null;
  const schema = resolveReference(given, field.root);
  const deeper = { ...field, depth: field.depth + 1 };
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return optionFor(schema.enum, field);
  const branches = [schema.anyOf, schema.oneOf].find(Array.isArray) as readonly unknown[] | undefined;
  if (branches !== undefined) return valueForBranches(branches, deeper);
  if (Array.isArray(schema.allOf)) {
    const parts = schema.allOf.filter(isObject).map((part) => resolveReference(part, field.root));
    return valueFor(mergeSchemas([schema, ...parts]), deeper);
  }
  const types = [schema.type ?? (isObject(schema.properties) ? 'object' : 'null')].flat();
  const found = types.map((type) => valueOfType(type, schema, deeper)).find((value) => value !== undefined);
  return found ?? (types.includes('null') ? null : smallest(types[0], schema, deeper));
}

function resolveReference(schema: JsonObject, root: JsonObject): JsonObject {
  if (typeof schema.$ref !== 'string' || !schema.$ref.startsWith('#')) return schema;
  return referencedSchema(schema.$ref, root) ?? {};
}

/** The first branch that finds a value, else null where that is a branch, else the first branch. */
function valueForBranches(branches: readonly unknown[], field: FieldContext): unknown {
  const values = branches.map((branch) => valueFor(branch, field));
  const isNull = branches.some((branch) => isObject(branch) && branch.type === 'null');
  return values.find((value) => value !== null && value !== '' && value !== 0) ?? (isNull ? null : (values[0] ?? null));
}

/** The option that the text names, else null where that is an option, else the first. */
function optionFor(options: readonly unknown[], { text }: FieldContext): unknown {
  const named = options.find(
    (option) => typeof option === 'string' && includesWord(text, option.replace(/[-_]/g, ' ')),
  );
  return named ?? (options.includes(null) ? null : options[0]);
}

/** The value of one type; undefined when the text holds none. */
function valueOfType(type: unknown, schema: JsonObject, field: FieldContext): unknown {
  switch (type) {
    case 'object':
      return objectOf(schema, field);
    case 'array':
      return undefined;
    case 'string':
      return fitText(schema, textFor(field, typeof schema.format === 'string' ? schema.format : ''));
    case 'number':
    case 'integer':
      return numberFor(schema, field);
    case 'boolean':
      return field.name !== '' && includesWord(field.text, field.name) ? true : undefined;
    default:
      return undefined;
  }
}

function objectOf(schema: JsonObject, field: FieldContext): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? (schema.required as unknown[]) : [];
  const named = Object.entries(properties).map(([key, property]) => [
    key,
    valueFor(property, { ...field, name: wordsOfName(key) }),
  ]);
  const unnamed = required.filter((key) => typeof key === 'string' && !(key in properties)).map((key) => [key, null]);
  return Object.fromEntries([...named, ...unnamed]) as JsonObject;
}

function smallest(type: unknown, schema: JsonObject, field: FieldContext): unknown {
  switch (type) {
    case 'array': {
      const count = Math.min(typeof schema.minItems === 'number' ? schema.minItems : 0, MAX_ITEMS);
      return Array.from({ length: count }, () => valueFor(schema.items ?? {}, field));
    }
    case 'string':
      return smallestText(schema);
    case 'number':
    case 'integer':
      return smallestNumber(schema);
    case 'boolean':
      return false;
    default:
      return null;
  }
}

const SMALLEST_BY_FORMAT: Readonly<Record<string, string>> = {
  date: '1970-01-01',
  'date-time': '1970-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'unknown@example.com',
  uri: 'about:blank',
};

function smallestText({ format, minLength }: JsonObject): string {
  const text = typeof format === 'string' ? (SMALLEST_BY_FORMAT[format] ?? '') : '';
  return text.padEnd(typeof minLength === 'number' ? Math.min(minLength, 1000) : 0, '-');
}

function smallestNumber({ minimum, exclusiveMinimum, maximum, multipleOf }: JsonObject): number {
  const step = typeof multipleOf === 'number' && multipleOf > 0 ? multipleOf : 1;
  const least =
    typeof minimum === 'number' ? minimum : typeof exclusiveMinimum === 'number' ? exclusiveMinimum + step : 0;
  return Math.ceil((typeof maximum === 'number' ? Math.min(least, maximum) : least) / step) * step;
}

function fitText({ minLength, maxLength, pattern }: JsonObject, text: string | undefined): string | undefined {
  if (text === undefined || typeof pattern === 'string') return undefined;
  if (typeof minLength === 'number' && text.length < minLength) return undefined;
  return typeof maxLength === 'number' ? text.slice(0, maxLength) : text;
}

/** Turns `orderNumber` and `order_number` into `order number`. */
function wordsOfName(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[-_.]+/g, ' ')
    .toLowerCase()
    .trim();
}

const PATTERNS_BY_NAME: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/\be ?mail\b/, /([\w.+-]+@[\w-]+(?:\.[\w-]+)+)/],
  [/\b(phone|mobile|telephone)\b/, /(\+?\d[\d ()-]{6,}\d)/],
  [
    /\b(date|day|when)\b/,
    /\b(\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|tomorrow)\b/i,
  ],
  [/\b(url|website|link)\b/, /(https?:\/\/\S+)/i],
  [/\bname\b/, /\b(?:my name is|my name's|this is|i am|i'm) ([A-Z][\w'-]+(?: [A-Z][\w'-]+)*)/i],
  [/\b(city|field|town|location)\b/, /\b(?:in|to|from|at) ([A-Z][a-z]+(?: [A-Z][a-z]+)*)/],
];

function textFor({ name, text }: FieldContext, format: string): string | undefined {
  if (name === '') return undefined;
  const pattern = PATTERNS_BY_NAME.find(([names]) => names.test(format === '' ? name : format) || names.test(name));
  const found = pattern?.[1].exec(text)?.[1]?.trim();
  if (found !== undefined || format !== '') return found;
  return valueAfter(name, text, String.raw`["']?([\p{Lu}\d][\p{L}\p{N}@.-]*[\p{L}\p{N}])`);
}

function numberFor({ type, minimum, maximum }: JsonObject, { name, text }: FieldContext): number | undefined {
  const found =
    name === '' ? undefined : (valueAfter(name, text, String.raw`[$€£]?(-?\d+(?:\.\d+)?)`) ?? numberBefore(name, text));
  const value = Number(found ?? Number.NaN);
  if (!Number.isFinite(value) || (type === 'integer' && !Number.isInteger(value))) return undefined;
  const isWithin = value >= Number(minimum ?? -Infinity) && value <= Number(maximum ?? Infinity);
  return isWithin ? value : undefined;
}

/** Finds the value behind a name, as in `order number is 4711` and `order: 4711`. */
function valueAfter(name: string, text: string, value: string): string | undefined {
  const pattern = `\\b${escaped(name).replace(/ /g, '\\s+')}s?\\b\\s*(?:number|no\\.?|id|code)?\\s*(?:is|was|are|of|:|=|#)*\\s*${value}`;
  return new RegExp(pattern, 'iu').exec(text)?.[1];
}

/** Finds the number before a name, as in `2 tickets`. Digits only. */
function numberBefore(name: string, text: string): string | undefined {
  return new RegExp(String.raw`\b(\d+(?:\.\d+)?)\s+${escaped(name)}`, 'iu').exec(text)?.[1];
}

function includesWord(text: string, word: string): boolean {
  return word !== '' && new RegExp(String.raw`(?<![\p{L}\p{N}])${escaped(word)}(?![\p{L}\p{N}])`, 'iu').test(text);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
