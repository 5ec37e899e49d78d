// Steps through JSON Schemas: references, and the parts of `allOf`.

import { isObject, type JsonObject } from '../../codecs/json-object.ts';

/** The schema that a local reference such as `#/$defs/name` points to; undefined when it points nowhere. */
export function referencedSchema(pointer: string, root: JsonObject): JsonObject | undefined {
  let value: unknown = root;
  for (const part of pointer.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    const key = part.replace(/~1/g, '/').replace(/~0/g, '~');
    value = isObject(value) ? value[key] : undefined;
  }
  return isObject(value) ? value : undefined;
}

/** Merges the parts of `allOf` into one schema, which has the properties and the required names of all. */
export function mergeSchemas(schemas: readonly JsonObject[]): JsonObject {
  const properties = Object.assign({}, ...schemas.map((schema) => schema.properties ?? {}));
  const required = schemas.flatMap((schema) => (Array.isArray(schema.required) ? schema.required : []));
  return { ...Object.assign({}, ...schemas), allOf: undefined, properties, required };
}
