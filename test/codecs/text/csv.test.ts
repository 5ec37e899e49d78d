// Lines of comma-separated values.

import { expect, test } from 'vitest';
import { csvLine } from '../../../codecs/text/csv.ts';

test('fields are quoted where they must be, and what is missing is empty', () => {
  expect(csvLine(['a', 1.5, true, null, undefined])).toBe('a,1.5,true,,\r\n');
  expect(csvLine(['a,b', 'say "so"', 'two\nlines'])).toBe('"a,b","say ""so""","two\nlines"\r\n');
  expect(csvLine([['x', 'y'], { a: 1 }])).toBe('x y,"{""a"":1}"\r\n');
});

test('a text that a spreadsheet would take for a formula is a text, and a number below zero a number', () => {
  expect(csvLine(['=1+1', '+1', '-1', '@a', -1])).toBe("'=1+1,'+1,'-1,'@a,-1\r\n");
});
