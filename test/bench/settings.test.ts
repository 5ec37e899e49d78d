// The command line of the benchmark.

import { expect, test } from 'vitest';
import { BenchUsageError, readCommand } from '../../bench/settings.ts';

test('no arguments ask for the short set', () => {
  expect(readCommand([])).toMatchObject({ name: 'run', bench: undefined, settings: { isShort: true } });
});

test('a name asks for one benchmark at length, with its options', () => {
  const args = 'hop --sessions 1,100 --frame-bytes 2600 --frame-ms 20,40 --rounds 5 --seconds 0.5 --only nginx,haproxy';
  expect(readCommand([...args.split(' '), '--json', 'a.json'])).toMatchObject({
    name: 'run',
    bench: 'hop',
    only: ['nginx', 'haproxy'],
    json: 'a.json',
    settings: { isShort: false, sessions: [1, 100], frameBytes: [2600], frameMs: [20, 40], rounds: 5, seconds: 0.5 },
  });
  expect(readCommand(['hop', '--short'])).toMatchObject({ settings: { isShort: true } });
});

test('route-verdict and scale alone take a file of the reader', () => {
  expect(readCommand(['route-verdict', '--config', 'a.yaml'])).toMatchObject({ settings: { config: 'a.yaml' } });
  expect(readCommand(['scale', '--config', 'a.json'])).toMatchObject({ settings: { config: 'a.json' } });
  expect(() => readCommand(['hop', '--config', 'a.yaml'])).toThrow(
    '--config: only of route-verdict and scale, got hop',
  );
  expect(() => readCommand(['--config', 'a.yaml'])).toThrow(
    '--config: only of route-verdict and scale, got all benches',
  );
});

test('compare takes two files and a limit in percent', () => {
  expect(readCommand(['compare', 'a', 'b', '--max-regression', '5'])).toMatchObject({
    name: 'compare',
    files: ['a', 'b'],
    maxRegression: 0.05,
  });
  expect(readCommand(['report', 'a', '--publish'])).toEqual({ name: 'report', file: 'a', publishes: true });
});

test.each([['compare', 'a'], ['report'], ['hop', 'more'], ['--rounds', 'x'], ['--rounds', '0'], ['--unknown']])(
  '%s %s is refused',
  (...args) => {
    expect(() => readCommand(args.filter((arg) => arg !== undefined))).toThrow(BenchUsageError);
  },
);
