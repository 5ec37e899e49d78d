// docs/operations.md beside the code: metrics, log messages, paths, and the backup of a live store.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../server/side/store/open.ts';
import { metricsOnPage } from '../support/metrics.ts';
import { AGREES, compared, guide, root } from '../support/pages.ts';
import { aTask } from '../support/side-records.ts';

const page = guide('docs/operations.md');
const product = readdirSync(join(root, 'server'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('console/'))
  .map((name) => readFileSync(join(root, 'server', name), 'utf8'))
  .join('\n');
const folder = mkdtempSync(join(tmpdir(), 'trunkline-backup-'));
afterAll(() => rmSync(folder, { recursive: true }));

const section = (heading: string) => page.text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

test('docs/operations.md has every metric of the code, and no other', () => {
  const inCode = [...product.matchAll(/'(trunkline_[a-z_]+)'/g)].map(([, name]) => name ?? '');
  expect(inCode.length).toBeGreaterThan(10);
  expect(compared([...metricsOnPage().keys()], inCode)).toEqual(AGREES);
});

test('docs/operations.md has log messages that the code writes', () => {
  const table = [...section('Log').matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell = '']) => [
    ...cell.matchAll(/`([^`]+)`/g),
  ]);
  const messages = table.map(([, message = '']) => message);
  expect(messages.length).toBeGreaterThan(8);
  expect(messages.filter((message) => !product.includes(`'${message}'`))).toEqual([]);
});

test('docs/operations.md has paths of the admin listener that are in docs/openapi.yaml', () => {
  const document = readFileSync(join(root, 'docs/openapi.yaml'), 'utf8');
  const paths = [...section('The admin listener').matchAll(/`(\/[\w/{}]+)`/g)].map(([, path]) => path);
  expect(paths.length).toBeGreaterThan(8);
  expect(paths.filter((path) => !document.includes(`\n  ${path}:`))).toEqual([]);
});

test('docs/operations.md has a statement that backs up a store in use', async () => {
  const statement = /trunkline\.db "(VACUUM INTO '[^']+')"/.exec(page.text)?.[1] ?? '';
  const copy = join(folder, 'copy.db');
  const store = await openStore({ url: 'sqlite', dataDirectory: folder });
  await store.addTask(aTask('t'));
  const beside = new DatabaseSync(join(folder, 'trunkline.db'));
  beside.exec(statement.replace(/'[^']+'/, `'${copy}'`));
  beside.close();
  await store.close();
  const restored = new DatabaseSync(copy, { readOnly: true });
  expect(restored.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(restored.prepare('select id from task').all()).toEqual([{ id: 't' }]);
  restored.close();
});
