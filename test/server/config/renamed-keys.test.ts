// Keys under their old names: read, warned of, and refused beside their new names.

import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { configFiles } from '../../support/config-files.ts';

const { write, refusal } = configFiles();

describe('a key under its old name', () => {
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
  ])('is in force, and a warning names the file and both names: %s', (yaml, old, current, expected) => {
    const file = write(yaml);
    const warnings: string[] = [];
    const config = loadConfig({ file, env: {}, warn: (message) => warnings.push(message) });
    expect(config).toMatchObject(expected);
    expect(warnings).toEqual([`${file}: ${old} is called ${current} now: the old name is still read`]);
  });

  test('is refused beside the new one', () => {
    expect(refusal('side: { seedMs: 7, contextMs: 8 }')).toEqual([
      'side.seedMs: expected only side.contextMs, which is its name now, got both',
    ]);
  });

  test('is refused elsewhere', () => {
    expect(refusal('limits: { seedMs: 7 }')[0]).toMatch(/^limits\.seedMs: unknown key/);
  });
});

test('current names give no warning', () => {
  const file = write('side: { contextMs: 7 }');
  loadConfig({ file, env: {}, warn: (message) => expect.fail(message) });
});
