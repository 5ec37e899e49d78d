// The ways round what is pinned that the policy tests try, by dialect: what is pinned, and messages that would change it.

import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import { findEndpoint } from '../../../adapters/realtime/index.ts';
import type { JsonObject } from '../../../codecs/json/object.ts';

/** The words that every bypass tries to bring to the model. */
export const MINE = 'mine-9';

/** Objects are sent as `JSON.stringify` writes them. `binary`: in a binary message. */
export type Payload = string | Buffer | object;
/** `sound`: in a binary message. */
export type Message = Payload | { readonly sound: Buffer };

export interface Bypass {
  readonly what: string;
  readonly payload: Payload;
  readonly binary?: boolean;
  /** Set where it takes long to read. */
  readonly isLarge?: boolean;
}

export interface PinPolicy {
  readonly path: string;
  readonly pinned: JsonObject;
  /** Messages that must not pass ahead of the first one. */
  readonly early?: readonly Message[];
  /** The message that a session begins with, where the client has to send one. */
  readonly first?: object;
  /** Set where the dialect has no error event: a refusal ends the session. */
  readonly endsAtRefusal?: true;
  readonly bypasses: readonly Bypass[];
  /** Messages that must pass as they are. */
  readonly innocent: readonly Message[];
  /** Messages that pass with what is pinned in them, and how they do. */
  readonly merged?: readonly (readonly [message: object, passed: object])[];
}

export function bytesOf(payload: Payload): Buffer {
  if (Buffer.isBuffer(payload)) return payload;
  return Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
}

export function dialectAt(path: string): Dialect {
  const found = findEndpoint(path);
  if (found === undefined) throw new Error(`no route ${path}`);
  return found.endpoint.dialect;
}

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const escaped = (text: string): string =>
  [...text].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

/**
 * All ways of writing an event that changes the setting `key`; `text` has that key once. Each is taken by some parser, or may be.
 * `harmless`: the text of an event that changes nothing.
 */
export function writings(text: string, key: string, harmless: string): readonly Bypass[] {
  const quoted = `"${key}"`;
  const respelled = (spelling: string) => text.replace(quoted, `"${spelling}"`);
  const body = text.slice(1, -1);
  const bytes = Buffer.from(text);
  const written: readonly (readonly [string, Payload])[] = [
    ['spaces as Python writes them', JSON.stringify(JSON.parse(text), undefined, 1)],
    ['much whitespace', `\r\n\t ${JSON.stringify(JSON.parse(text), undefined, 8)}\n \n`],
    ['an escaped letter in the key', respelled(`\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`)],
    ['a wholly escaped key', respelled(escaped(key))],
    ['upper case escapes', respelled(escaped(key).replaceAll(/\\u00(..)/g, (_, hex) => `\\u00${hex.toUpperCase()}`))],
    ['the key in capitals', respelled(key.toUpperCase())],
    ['the key with a capital', respelled(key[0]?.toUpperCase() + key.slice(1))],
    ['the key in camel case', respelled(key.replaceAll(/_(.)/g, (_, letter) => letter.toUpperCase()))],
    [
      'the key in Pascal case',
      respelled(`${key[0]?.toUpperCase()}${key.slice(1).replaceAll(/_(.)/g, (_, x) => x.toUpperCase())}`),
    ],
    ['the key with hyphens', respelled(key.replaceAll('_', '-').replace(/^(.)/, '-$1'))],
    ['the key with a space', respelled(`${key} `)],
    ['the key with a zero', respelled(`${key}\\u0000`)],
    [
      'the key with a long s or a Kelvin sign',
      respelled(key.replace('s', '\u017f').replace('k', '\u212a').replace(/^(.)/, '$1\u200b')),
    ],
    ['the key with a dotless i', respelled(key.replace('i', '\u0131').replace(/^([^\u0131]*)$/, '\u200d$1'))],
    ['the key with a soft hyphen', respelled(`${key.slice(0, 2)}\u00ad${key.slice(2)}`)],
    ['the key with half a surrogate', respelled(`\\ud800${key}`)],
    [
      'the key in wide letters',
      respelled([...key].map((c) => String.fromCodePoint(c.charCodeAt(0) + 0xfee0)).join('')),
    ],
    ['the event twice in one', `{${body},${body}}`],
    ['a key twice deep in another', `{"x":[{"y":{"z":1,"z":2}}],${body}}`],
    ['another key twice', `{"event_id":"a","event_id":"b",${body}}`],
    ['a key twice by an escape', `{"event_id":"a","event_i\\u0064":"b",${body}}`],
    ['a byte order mark', `\ufeff${text}`],
    ['a second document', `${harmless}${text}`],
    ['a second document behind it', `${text}${harmless}`],
    ['a second line', `${harmless}\n${text}`],
    ['a list of events', `[${text}]`],
    ['a list of lists', `[[${harmless}],[[${text}]]]`],
    ['a string of the event', JSON.stringify(text)],
    ['a trailing comma', `{${body},}`],
    ['a trailing letter', `${text}x`],
    ['a trailing zero', `${text}\u0000`],
    ['a leading zero', `\u0000${text}`],
    ['a comment', `{/* */${body}}`],
    ['a comment before it', `// \n${text}`],
    ['a comment behind it', `${text}//`],
    ['single quotes', text.replaceAll('"', "'")],
    ['bare keys', text.replaceAll(/"(\w+)":/g, '$1:')],
    ['NaN, which Python takes', `{"x":NaN,${body}}`],
    ['Infinity, which Python takes', `{"x":-Infinity,${body}}`],
    ['a number beyond all', `{"x":1e999,${body}}`],
    ['a number of a thousand digits', `{"x":${'9'.repeat(1000)},${body}}`],
    ['a newline in a string', `{"x":"\n",${body}}`],
    ['a truncated event', text.slice(0, -1)],
    ['behind a thousand levels', `{"x":${deep(1000)},${body}}`],
    ['behind a hundred thousand levels', `{"x":${deep(100_000)},${body}}`],
    ['behind a million values', `{"x":[${'0,'.repeat(1_000_000)}0],${body}}`],
    ['a prototype', `{"__proto__":${text},"type":"x"}`],
    ['a prototype beside a harmless event', harmless.replace(/}$/, `,"__proto__":{${body}}}`)],
    ['a constructor beside a harmless event', harmless.replace(/}$/, `,"constructor":{"prototype":{${body}}}}`)],
    ['an unknown field of a harmless event', harmless.replace(/}$/, `,"later":[{"deeper":{${body}}}]}`)],
    ['an xml of it', `<event>${text}</event>`],
    ['nothing', ''],
    ['a space', ' '],
    ['null', 'null'],
  ];
  const binary: readonly (readonly [string, Buffer])[] = [
    ['a binary message', bytes],
    ['a binary message in UTF-16', Buffer.from(text, 'utf16le')],
    ['a binary message in UTF-16 with a mark', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['a binary message in big-endian UTF-16', Buffer.from(text, 'utf16le').swap16()],
    ['a binary message with a byte order mark', Buffer.from(`\ufeff${text}`)],
    ['a binary message behind a zero', Buffer.concat([Buffer.alloc(1), bytes])],
  ];
  const isSame = (payload: Payload) => payload === text || payload === harmless;
  return [
    ...written
      .filter(([, payload]) => !isSame(payload))
      .map(([what, payload]) => ({ what, payload, isLarge: bytesOf(payload).length > 100_000 })),
    ...binary.map(([what, payload]) => ({ what, payload, binary: true })),
    { what: 'a harmless event in a binary message', payload: Buffer.from(harmless), binary: true },
  ];
}
