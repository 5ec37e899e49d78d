// Brings a JSON Schema into the part of JSON Schema that Anthropic's structured outputs take. Rule: an answer that fits what comes out fits what
// went in, but for limits that the API has no form for: those stand in the description, where the model reads them.
// https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { unsupported } from '../contract.ts';

/** Limits that the API refuses. */
const LIMITS = [
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'],
  ...['maxItems', 'uniqueItems', 'minProperties', 'maxProperties'],
];

/** Fields that hold schemas: one, a list, or by name. */
const NESTED = ['items', 'anyOf', 'allOf', 'properties', '$defs', 'definitions'];
const BY_NAME = ['properties', '$defs', 'definitions'];

/** @throws LlmFailure `unsupported` for an object whose properties have any name. */
export function structuredSchema(schema: JsonObject): JsonObject {
  const { oneOf, $schema: _, ...rest } = schema;
  const narrowed = withLimitsInWords(oneOf === undefined ? rest : { ...rest, anyOf: oneOf });
  const nested = NESTED.filter((field) => narrowed[field] !== undefined).map((field) => [
    field,
    BY_NAME.includes(field) ? byName(narrowed[field]) : inside(narrowed[field]),
  ]);
  return { ...narrowed, ...Object.fromEntries(nested), ...(isOfObjects(narrowed) && closed(narrowed)) };
}

function inside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inside);
  return isObject(value) ? structuredSchema(value) : value;
}

const byName = (value: unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, of]) => [name, inside(of)])) : value;

const isOfObjects = ({ type, properties }: JsonObject): boolean =>
  properties !== undefined || type === 'object' || (Array.isArray(type) && type.includes('object'));

/** Objects have to be closed. One that is open beside its properties may as well be, and one of nothing but free names could then only be empty. */
function closed({ properties, additionalProperties: more, patternProperties }: JsonObject): JsonObject {
  const isFree = more !== false && (properties === undefined || isObject(more));
  if (isFree || patternProperties !== undefined)
    throw unsupported('a schema of objects with free property names beside tools', 'response_format');
  return { additionalProperties: false };
}

/** `minItems` is taken up to 1. */
function withLimitsInWords(schema: JsonObject): JsonObject {
  const isLimit = ([name, value]: [string, unknown]) =>
    LIMITS.includes(name) || (name === 'minItems' && Number(value) > 1);
  const limits = Object.entries(schema).filter(isLimit);
  if (limits.length === 0) return schema;
  const words = limits.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ');
  const own = typeof schema.description === 'string' ? `${schema.description} ` : '';
  const kept = Object.fromEntries(Object.entries(schema).filter((entry) => !isLimit(entry)));
  return { ...kept, description: `${own}(${words})` };
}
