// Tests what the pages tell people to type and to write into files: commands, paths, configurations; and what the README promises.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SIDE_OPTIONS, sideCommand } from '../../server/cli/commands/commands.ts';
import { ROLES } from '../../server/ipc/run-file.ts';
import { configFiles } from '../support/config-files.ts';
import { AGREES, compared, guide, guideBlocks, root } from '../support/pages.ts';

const readme = guide('README.md').text;
const { load, warnings } = configFiles();

/** The lines of all blocks for a shell, without their comments. */
const lines = guideBlocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ page, code }) => code.split('\n').map((line) => ({ page, line: line.replace(/\s+#.*$/, '').trim() })))
  .filter(({ line }) => line !== '' && !line.startsWith('#'));

describe('commands', () => {
  test.each(lines.filter(({ line }) => line.startsWith('trunkline ')))(
    'the command takes what $page writes: $line',
    ({ line }) => {
      const options = {
        config: { type: 'string' },
        data: { type: 'string' },
        role: { type: 'string' },
        ...SIDE_OPTIONS,
      };
      const { values, positionals } = parseArgs({
        args: line.split(' ').slice(1),
        options: options as typeof options & Record<string, { type: 'string' }>,
        allowPositionals: true,
      });
      if (['serve', 'config check', 'config print', 'reload', 'restart'].includes(positionals.join(' '))) {
        expect([undefined, ...ROLES]).toContain(values.role);
      } else {
        expect(sideCommand(positionals, values)).toBeTypeOf('function');
      }
    },
  );

  test('every npm script on the pages is one of the package', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...JSON.stringify([...guideBlocks, readme]).matchAll(/npm run (?:-s )?([\w:]+)/g)];
    expect(named.length).toBeGreaterThan(3);
    expect(named.flatMap(([, name = '']) => (name in scripts ? [] : [name]))).toEqual([]);
  });

  test('every path that the pages ask for is in docs/openapi.yaml', () => {
    const { paths } = parse(readFileSync(join(root, 'docs/openapi.yaml'), 'utf8')) as { paths: object };
    const asked = lines.flatMap(({ line }) => /127\.0\.0\.1:\d+(\/\S+)/.exec(line)?.[1] ?? []);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((path) => !(path.replace('$SESSION', '{id}') in paths))).toEqual([]);
  });
});

describe('configurations', () => {
  const blocks = guideBlocks.filter(({ language }) => language === 'yaml');
  const names = blocks.flatMap(({ code }) => [...code.matchAll(/"[^"]*\$\{(\w+)\}"/g)].map(([, name = '']) => name));
  const env = Object.fromEntries(names.map((name) => [name, `secret-of-${name}`]));

  test.each(blocks)('a configuration in $page is accepted as it stands', ({ code }) => {
    expect(() => load(code, env)).not.toThrow();
  });

  test.each(blocks)('a configuration in $page can work as it stands', ({ code }) => {
    expect(warnings(code, env)).toEqual([]);
  });

  test('the configurations of the gateway and of the side path are accepted together', () => {
    const first = (page: string) => blocks.find((block) => block.page === page)?.code ?? '';
    const config = load(first('docs/configuration.md') + first('docs/side-path.md'), env);
    expect([Object.keys(config.gateways), Object.keys(config.providers)]).toEqual([
      ['router', 'contract'],
      ['openai', 'gemini'],
    ]);
  });
});

describe('the README', () => {
  test('the README has at most 150 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  test('the README has the two commands, each in a block of its own', () => {
    const own = guideBlocks.filter(({ page, language }) => page === 'README.md' && language === 'sh');
    expect(own.map(({ code }) => code)).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n']);
  });

  test('the README has a row for every room', () => {
    const rooms = [
      ...['codecs', 'client', 'bench', 'server/console'],
      ...['platform', 'config', 'ipc', 'http', 'transport', 'session', 'side', 'gateway'].map(
        (room) => `server/${room}`,
      ),
      ...['rehearsal', 'processes', 'cli'].map((room) => `server/${room}`),
      ...['realtime', 'llm', 'ui', 'simulators'].map((room) => `adapters/${room}`),
    ];
    const rows = [...readme.matchAll(/^\| `([\w/]+)\/` /gm)].map(([, room = '']) => room);
    expect(compared(rows, rooms)).toEqual(AGREES);
  });
});
