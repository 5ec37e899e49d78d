// Makes values that fit a JSON Schema, without a model.
// Rule: the same schema always gives the same value; unknown keywords are ignored.

import { isObject, type JsonObject, valueAt } from '../../codecs/json/object.ts';

/** Levels of schemas, and schemas in all, that are followed: a schema may contain itself. */
const MAX_DEPTH = 12;
const MAX_SCHEMAS = 10_000;
const MAX_ITEMS = 20;
const MAX_TEXT = 1024;

/** Finds the value of a field by its name; undefined where there is none. `types`: the type names of its schema. */
type FindValue = (name: string, schema: JsonObject, types: readonly string[]) => unknown;

interface Context {
  readonly root: JsonObject;
  readonly find?: FindValue;
  schemasLeft: number;
}

/** Arguments of a function call: the required properties and no other, with plausible values. */
export function argumentsFor(schema: unknown): JsonObject {
  if (!isObject(schema)) return {};
  const value = valueFor(schema, { root: schema, schemasLeft: MAX_SCHEMAS });
  return isObject(value) ? { ...value } : {};
}

/** A value with all properties. What `find` does not find is null where the schema allows it, else the smallest value. */
export function foundValue(schema: JsonObject, find: FindValue): unknown {
  return valueFor(schema, { root: schema, find, schemasLeft: MAX_SCHEMAS });
}

function valueFor(schema: unknown, context: Context, name = '', depth = 0): unknown {
  context.schemasLeft -= 1;
  if (!isObject(schema) || depth > MAX_DEPTH || context.schemasLeft < 0) return null;
  const inner = (part: unknown, field = name) => valueFor(part, context, field, depth + 1);
  if ('const' in schema) return schema.const;
  if (typeof schema.$ref === 'string') return inner(referencedSchema(schema, context.root));
  if (Array.isArray(schema.allOf)) return inner(mergeParts(schema, schema.allOf, context.root));
  const branches = schema.anyOf ?? schema.oneOf ?? schema.any_of;
  if (Array.isArray(branches)) return branchValue(branches, context, inner);
  const types = typesOf(schema);
  const options = Array.isArray(schema.enum) ? schema.enum : [];
  const found = context.find?.(name, schema, types);
  if (found !== undefined) return found;
  if (context.find && (types.includes('null') || options.includes(null))) return null;
  const examples = Array.isArray(schema.examples) ? schema.examples : [];
  const given = [...options, schema.default, ...examples].filter((value) => value !== undefined);
  if (given.length > 0) return given[0];
  return valueOfType(
    types.find((type) => type !== 'null'),
    schema,
    { context, inner },
  );
}

interface Field {
  readonly context: Context;
  readonly inner: (schema: unknown, name?: string) => unknown;
}

function valueOfType(type: string | undefined, schema: JsonObject, { context: { find }, inner }: Field): unknown {
  switch (type) {
    case 'object': {
      const properties = isObject(schema.properties) ? schema.properties : {};
      const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
      const names = find ? [...Object.keys(properties), ...required] : required;
      return Object.fromEntries(names.map((name) => [name, inner(properties[name] ?? {}, name)]));
    }
    case 'array': {
      const length = Math.min(MAX_ITEMS, Number(schema.minItems ?? 0) || 0);
      return Array.from({ length }, () => inner(schema.items ?? {}));
    }
    case 'integer':
    case 'number':
      return numberFor(schema, find ? 0 : 1);
    case 'boolean':
      return find === undefined;
    case 'string':
      return textFor(schema, find ? { text: '', padding: '-' } : { text: 'rehearsal', padding: '.' });
    default:
      return null;
  }
}

/** The names of the types, in lower case: Gemini writes them in capitals. */
function typesOf({ type, properties, items }: JsonObject): readonly string[] {
  const inferred = properties ? 'object' : items ? 'array' : 'string';
  return [type ?? inferred].flat().map((name) => String(name).toLowerCase());
}

/** The schema that a local reference such as `#/$defs/name` points to; undefined when it points nowhere. */
function referencedSchema({ $ref }: JsonObject, root: JsonObject): unknown {
  const parts = String($ref).replace(/^#\/?/, '').split('/').filter(Boolean);
  return valueAt(
    root,
    parts.map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~')),
  );
}

/** Merges a schema and the parts of its `allOf` into one, which has the properties and the required names of all. */
function mergeParts(schema: JsonObject, allOf: readonly unknown[], root: JsonObject): JsonObject {
  const parts = allOf.map((part) => (isObject(part) && '$ref' in part ? referencedSchema(part, root) : part));
  const all = [schema, ...parts.filter(isObject)];
  const properties = Object.assign({}, ...all.map((part) => part.properties ?? {}));
  const required = all.flatMap((part) => part.required ?? []);
  return { ...Object.assign({}, ...all), allOf: undefined, properties, required };
}

/** The first branch that finds something, else null where that is a branch, else the first branch. */
function branchValue(branches: readonly unknown[], { find }: Context, inner: (schema: unknown) => unknown): unknown {
  const others = branches.filter((branch) => isObject(branch) && !typesOf(branch).includes('null'));
  if (!find) return inner(others[0] ?? branches[0]);
  const values = branches.map((branch) => inner(branch));
  const isNullable = others.length < branches.length;
  return (
    values.find((value) => value !== null && value !== '' && value !== 0) ?? (isNullable ? null : (values[0] ?? null))
  );
}

function numberFor(schema: JsonObject, usual: number): number {
  const bound = (name: string) => (typeof schema[name] === 'number' ? schema[name] : undefined);
  const step = bound('multipleOf') ?? 1;
  const above = bound('exclusiveMinimum');
  const least = bound('minimum') ?? (above === undefined ? undefined : above + step);
  const value = Math.ceil((least ?? usual) / step) * step;
  const most = bound('maximum') ?? bound('exclusiveMaximum');
  return least === undefined && most !== undefined && most <= value ? Math.floor(most / step - 1) * step : value;
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-01',
  time: '12:00:00Z',
  'date-time': '2026-01-01T12:00:00Z',
  email: 'caller@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function textFor({ format, minLength, maxLength }: JsonObject, usual: { text: string; padding: string }): string {
  const shortest = Math.min(MAX_TEXT, Number(minLength ?? 0) || 0);
  const longest = typeof maxLength === 'number' ? maxLength : Number.POSITIVE_INFINITY;
  return (FORMATS[String(format)] ?? usual.text).padEnd(shortest, usual.padding).slice(0, longest);
}
