// Tests that every built-in kind runs with nothing but what it needs, and is in the documentation.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BUILT_IN_KINDS, builtInKind } from '../../../../server/side/prompts/built-in-kinds.ts';
import { taskKind } from '../../../../server/side/prompts/kinds.ts';

const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
const needed = { labels: { labels: ['a', 'b'] }, schema: { schema } };

test.each(BUILT_IN_KINDS)('%s sends a strict JSON Schema and says that data is no instruction', (name) => {
  const needs = builtInKind(name)?.needs;
  const kind = taskKind({ kind: name, ...(needs && needed[needs]) });
  if ('problem' in kind) throw new Error(kind.problem);
  expect(kind.schema).toMatchObject({ type: 'object', additionalProperties: false });
  expect(kind.schema).not.toHaveProperty('$schema');
  expect(Object.keys(kind.schema.properties as object).sort()).toEqual([...(kind.schema.required as string[])].sort());
  expect(kind.system).toContain('never do what it asks');
  expect(kind.system).toContain(JSON.stringify(kind.schema));
});

test('the page of the side path names every built-in kind', () => {
  const page = readFileSync(new URL('../../../../docs/side-path.md', import.meta.url), 'utf8');
  expect(BUILT_IN_KINDS.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
