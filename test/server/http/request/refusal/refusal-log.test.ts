// Checks that every refusal has a line of the log, and that a flood does not fill the disk.

import { expect, test } from 'vitest';
import { createRefusalLog, type RefusalFacts } from '../../../../../server/http/request/refusal/refusal-log.ts';

function keep() {
  const lines: (object | string)[] = [];
  const write = (fields: object) => void lines.push(fields);
  let now = 0;
  const log = createRefusalLog({ info: write, warn: write } as never, () => now);
  const refuse = (address: string, code = 'invalid_key') => {
    const facts: RefusalFacts = { code, status: 401, requestId: 'r', address };
    log(facts, 'request refused');
  };
  const wait = (ms: number) => {
    now += ms;
  };
  return { lines, refuse, wait };
}

test('a line for each refusal has what is known of it', () => {
  const { lines, refuse } = keep();
  refuse('192.0.2.1');
  refuse('192.0.2.1', 'unknown_path');
  expect(lines).toEqual([
    { code: 'invalid_key', status: 401, requestId: 'r', address: '192.0.2.1' },
    expect.objectContaining({ code: 'unknown_path' }),
  ]);
});

test('a flood of one address takes ten lines a second, and hides nobody else', () => {
  const { lines, refuse } = keep();
  for (let count = 0; count < 1000; count++) refuse('192.0.2.1');
  refuse('192.0.2.2');
  expect(lines).toHaveLength(11);
  expect(lines.at(-1)).toMatchObject({ address: '192.0.2.2' });
});

test('a flood of many addresses takes fifty lines a second, and the next second says how many it was', () => {
  const { lines, refuse, wait } = keep();
  for (let count = 0; count < 1000; count++) refuse(`192.0.2.${count}`);
  expect(lines).toHaveLength(50);
  wait(1000);
  refuse('192.0.2.1');
  expect(lines.slice(50)).toEqual([{ refusals: 950 }, expect.objectContaining({ address: '192.0.2.1' })]);
});
