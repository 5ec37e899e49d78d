// Arguments of a function call that fit the function's JSON Schema, chosen without a model.
// Rule: the same schema always gives the same value; unknown keywords are ignored.

import { isObject, type JsonObject } from '../../../codecs/json-object.ts';
import { mergeSchemas, referencedSchema } from '../json-schema.ts';

const MAX_DEPTH = 8;

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-01',
  time: '12:00:00Z',
  'date-time': '2026-01-01T12:00:00Z',
  email: 'caller@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/** An object that satisfies `schema`: its required properties and no other. */
export function argumentsFor(schema: unknown): Record<string, unknown> {
  const value = isObject(schema) ? valueFor(schema, schema, MAX_DEPTH) : {};
  return isObject(value) ? { ...value } : {};
}

function valueFor(schema: JsonObject, root: JsonObject, depth: number): unknown {
  if (depth === 0) return null;
  const given = givenValue(schema);
  if (given) return given.value;
  const replacement = alternative(schema, root);
  if (replacement) return valueFor(replacement, root, depth - 1);
  switch (typeOf(schema)) {
    case 'object':
      return objectFor(schema, root, depth);
    case 'array':
      return arrayFor(schema, root, depth);
    case 'integer':
    case 'number':
      return numberFor(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return stringFor(schema);
  }
}

function givenValue(schema: JsonObject): { readonly value: unknown } | undefined {
  if ('const' in schema) return { value: schema.const };
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return { value: schema.enum[0] };
  if ('default' in schema) return { value: schema.default };
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return { value: schema.examples[0] };
  return undefined;
}

function alternative(schema: JsonObject, root: JsonObject): JsonObject | undefined {
  if (typeof schema.$ref === 'string') return referencedSchema(schema.$ref, root);
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'any_of']) {
    const options = schema[keyword];
    if (!Array.isArray(options)) continue;
    const fitting = options.filter(isObject);
    if (keyword === 'allOf') return mergeSchemas([schema, ...fitting]);
    const first = fitting.find((option) => typeOf(option) !== 'null') ?? fitting[0];
    if (first) return first;
  }
  return undefined;
}

function typeOf(schema: JsonObject): string {
  const type = Array.isArray(schema.type) ? schema.type.find((name) => name !== 'null') : schema.type;
  // Gemini writes the names in capitals.
  if (typeof type === 'string') return type.toLowerCase();
  if (schema.properties) return 'object';
  return schema.items ? 'array' : 'string';
}

function objectFor(schema: JsonObject, root: JsonObject, depth: number): unknown {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const entries = required.map((name: unknown) => {
    const property = properties[String(name)];
    return [String(name), isObject(property) ? valueFor(property, root, depth - 1) : 'rehearsal'] as const;
  });
  return Object.fromEntries(entries);
}

function arrayFor(schema: JsonObject, root: JsonObject, depth: number): unknown[] {
  const length = Math.min(16, Number(schema.minItems ?? 0) || 0);
  const items = isObject(schema.items) ? schema.items : {};
  return Array.from({ length }, () => valueFor(items, root, depth - 1));
}

function numberFor(schema: JsonObject): number {
  const bound = (name: string) => (typeof schema[name] === 'number' ? schema[name] : undefined);
  const step = bound('multipleOf') ?? 1;
  const above = bound('exclusiveMinimum');
  const least = bound('minimum') ?? (above === undefined ? undefined : above + step);
  if (least !== undefined) return Math.ceil(least / step) * step;
  const most = bound('maximum') ?? bound('exclusiveMaximum');
  return most !== undefined && most <= step ? Math.floor(most / step - 1) * step : step;
}

function stringFor(schema: JsonObject): string {
  const text = (typeof schema.format === 'string' ? FORMATS[schema.format] : undefined) ?? 'rehearsal';
  const shortest = Math.min(1024, Number(schema.minLength ?? 0) || 0);
  const longest = typeof schema.maxLength === 'number' ? schema.maxLength : Number.POSITIVE_INFINITY;
  return text.padEnd(shortest, '.').slice(0, longest);
}
