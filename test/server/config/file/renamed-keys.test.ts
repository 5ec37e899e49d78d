// Keys under their old names: read, warned of, and refused beside their current names.

import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../server/config/load.ts';
import { configFiles } from '../../../support/config-files.ts';

const { write, refusal } = configFiles();

describe('loadConfig with a key under its old name', () => {
  test.each([
    ['side: { seedBytes: 2048 }', 'side.seedBytes', 'side.contextBytes', { side: { contextBytes: 2048 } }],
    ['side: { seedMs: 7 }', 'side.seedMs', 'side.contextMs', { side: { contextMs: 7 } }],
    [
      'side: { whenUnseeded: open }',
      'side.whenUnseeded',
      'side.whenContextUnavailable',
      { side: { whenContextUnavailable: 'open' } },
    ],
    [
      'providers: { openai: { apiKey: k, warm: { connections: 5 } } }',
      'providers.openai.warm',
      'providers.openai.preconnect',
      { providers: { openai: { preconnect: { connections: 5 } } } },
    ],
  ])('reads %s, with a warning that says its place and both names', (yaml, old, current, expected) => {
    const file = write(yaml);
    const warnings: string[] = [];
    const config = loadConfig({ file, env: {}, warn: (message) => warnings.push(message) });
    expect(config).toMatchObject(expected);
    const column = yaml.indexOf(old.slice(old.lastIndexOf('.') + 1)) + 1;
    expect(warnings).toEqual([`${file}:1:${column}: ${old}: the name is ${current} now; the old one is still read`]);
  });

  test('refuses a key under both names', () => {
    expect(refusal('side: { seedMs: 7, contextMs: 8 }')).toEqual([
      'side.seedMs: expected only side.contextMs, which is its name now, got both',
    ]);
  });

  test('refuses an old name in another section as an unknown key', () => {
    expect(refusal('limits: { seedMs: 7 }')[0]).toMatch(/^limits\.seedMs: unknown key/);
  });
});

test('a key under its current name gives no warning', () => {
  const file = write('side: { contextMs: 7 }');
  loadConfig({ file, env: {}, warn: (message) => expect.fail(message) });
});
