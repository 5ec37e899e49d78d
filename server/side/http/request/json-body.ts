// Reads the body of a request as JSON. Problems quote nothing of it.

import { isTooDeep, MAX_JSON_DEPTH } from '../../../../codecs/json/depth.ts';
import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest, shortened } from '../../../http/problem.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Takes objects only. The object is wrapped, since a client's object may look like a problem. */
export function parseBody(body: Buffer | undefined): { readonly body: JsonObject } | HttpProblem {
  if (body === undefined || body.length === 0) return invalidRequest('expected a body: an object in JSON');
  try {
    const text = utf8.decode(body);
    if (isTooDeep(text)) return invalidRequest(`expected lists and objects nested at most ${MAX_JSON_DEPTH} deep`);
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { body: value } : invalidRequest('expected an object in JSON');
  } catch {
    return invalidRequest('expected a body of JSON in UTF-8');
  }
}

/** Takes an object that has texts in some of these fields, and no others. */
export function textFields(body: JsonObject, known: readonly string[]): Readonly<Record<string, string>> | HttpProblem {
  for (const [name, value] of Object.entries(body)) {
    if (!known.includes(name)) return invalidRequest(`expected ${known.join(', ')}, got "${shortened(name)}"`, name);
    if (typeof value !== 'string') return invalidRequest('expected a text', name);
  }
  return body as Record<string, string>;
}
