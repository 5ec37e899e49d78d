// Random JSON values, and texts of them with random whitespace and escapes.

import type { Random } from './random.ts';

const keys = [
  'type',
  'event_id',
  'model',
  'audio',
  'delta',
  'a',
  '',
  'täg',
  'q"uote',
  'back\\slash',
  '{',
  '"type":"x"',
];
const strings = [
  'response.done',
  'x',
  '',
  'a "quoted" word',
  '\\',
  '\\"',
  '{"type":"no"}',
  '}',
  ',',
  'ü€😀',
  '\u0000\n',
];

/** A value of at most `depth` levels. */
export function randomValue(random: Random, depth: number): unknown {
  const kind = random.below(depth > 0 ? 7 : 5);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind === 1) return random.pick([0, -1.5, 1e21, 123456, 1e-7]);
  if (kind <= 4) return random.pick(strings);
  if (kind === 5) return Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1));
  return randomObject(random, depth - 1);
}

/** An object with up to five of the keys that are likely to confuse a scanner. */
export function randomObject(random: Random, depth: number): Record<string, unknown> {
  const entries = Array.from(
    { length: random.below(6) },
    () => [random.pick(keys), randomValue(random, depth)] as const,
  );
  return Object.fromEntries(entries);
}

/** A text of this value: whitespace anywhere it may be, any character of a string as an escape. */
export function randomText(random: Random, value: unknown): string {
  const space = (): string => random.pick(['', '', '', ' ', '\n', '\t', '\r\n  ']);
  if (typeof value === 'string') return randomString(random, value);
  if (Array.isArray(value)) {
    return `[${space()}${value.map((item) => space() + randomText(random, item) + space()).join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, item]) =>
        `${space()}${randomString(random, key)}${space()}:${space()}${randomText(random, item)}${space()}`,
    );
    return `{${members.join(',')}${space()}}`;
  }
  return JSON.stringify(value);
}

function randomString(random: Random, text: string): string {
  if (random.below(3) > 0) return JSON.stringify(text);
  const escaped = Array.from({ length: text.length }, (_, index) => {
    const unit = text.charCodeAt(index);
    const must = unit < 0x20 || unit === 0x22 || unit === 0x5c || (unit >= 0xd800 && unit <= 0xdfff);
    return must || random.below(2) === 0 ? `\\u${unit.toString(16).padStart(4, '0')}` : text[index];
  });
  return `"${escaped.join('')}"`;
}
