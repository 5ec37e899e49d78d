// Refuses requests that another reader of the same bytes, such as a proxy in front, could understand in another way. Two lengths, a length
// beside an encoding, folded lines, bare CR or LF and spaces before a colon never come this far: Node's parser answers 400.

import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { invalid } from './refusals.ts';

/** Fields that decide something and that Node reads once: it drops a second one without a word. */
const SINGLE_FIELDS = ['host', 'authorization', 'content-type'];
/** RFC 9110, section 7.2: `name:port`, `[v6]:port` or either without a port. */
const HOST = /^(\[[\da-f:.%]+\]|[\w.~!$&'()*+;=%-]*)(:\d{0,5})?$/i;

/** RFC 9112, sections 3.2 and 6.1. After such a refusal the connection must end, since its next request could be another's. */
export function checkRequest({ httpVersion, headers, headersDistinct }: IncomingMessage): Refusal | undefined {
  const twice = SINGLE_FIELDS.find((name) => (headersDistinct[name]?.length ?? 0) > 1);
  if (twice !== undefined) return invalid(`expected one ${twice} header, got ${headersDistinct[twice]?.length}`);
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return invalid(`expected HTTP/1.1, got HTTP/${httpVersion}`);
  if (headers.host === undefined ? httpVersion === '1.1' : !HOST.test(headers.host))
    return invalid('expected a Host header such as name:port');
  const encoding = headers['transfer-encoding']?.toLowerCase();
  if (encoding !== undefined && (encoding !== 'chunked' || httpVersion === '1.0'))
    return invalid('expected no Transfer-Encoding but chunked, and that in HTTP/1.1 alone');
  return undefined;
}
