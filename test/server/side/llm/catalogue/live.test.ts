// Catalogues as a side process holds them: fetched, refreshed, kept, and as they were where they cannot be fetched.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { LiveCatalogues } from '../../../../../server/side/llm/catalogue/live.ts';
import { cataloguedAt, catalogueGateway, entry, manyEntries } from '../../../../support/catalogue-gateway.ts';
import { sideConfig } from '../../../../support/routing.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { until } from '../../../../support/until.ts';

interface Started {
  readonly dataDirectory?: string;
  readonly isOwner?: boolean;
  readonly gateway: object;
}

const configOf = (gateway: object, model = '*') =>
  sideConfig({
    gateways: { router: gateway as never },
    classes: { open: { targets: [{ gateway: 'router', model }] } },
  });

function start({ dataDirectory = temporaryFolder('catalogue'), isOwner = true, gateway }: Started) {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const registry = new Registry();
  const catalogues = new LiveCatalogues({
    config: { dataDirectory },
    metrics: { registry },
    ...{ isOwner, log, lookMs: 10, retryMs: 20 },
  });
  onTestFinished(() => catalogues.stop());
  catalogues.use(configOf(gateway));
  return { catalogues, dataDirectory, lines, registry };
}

const known = (catalogues: LiveCatalogues) => until(() => catalogues.of('router'));

test('a catalogue of 600 models is fetched in pages, with the credential, and counted', async () => {
  const gateway = await catalogueGateway(manyEntries(600));
  const { catalogues, registry } = start({ gateway: cataloguedAt(gateway) });
  const { models } = await known(catalogues);
  expect(models.size).toBe(600);
  expect(models.get('vendor-5/model-5')).toMatchObject({ contextTokens: 128_000, price: { input: 1, output: 2 } });
  expect(gateway.asked.map(({ url }) => url)).toEqual(['/v1/models', '/v1/models?offset=500']);
  expect(gateway.asked[1]?.headers.authorization).toBe('Bearer test-key');
  expect(await registry.metrics()).toMatch(/trunkline_catalogue_models\{gateway="router"\} 600/);
  expect(await registry.metrics()).toMatch(/trunkline_catalogue_fetches_total\{gateway="router",outcome="ok"\} 1/);
});

test('it is refreshed, and a model that has gone is remembered with the time when it was seen last', async () => {
  const gateway = await catalogueGateway([entry('a'), entry('b')]);
  const { catalogues, lines } = start({ gateway: cataloguedAt(gateway, { catalogue: { refreshMs: 1000 } }) });
  const before = await known(catalogues);
  gateway.entries = [entry('b'), entry('c')];
  await until(() => catalogues.of('router')?.models.has('c'));
  expect(catalogues.of('router')?.gone.get('a')).toBe(before.fetchedAt);
  expect(lines.at(-1)).toMatchObject({ msg: 'catalogue fetched', gateway: 'router', models: 2, added: 1, gone: 1 });
  gateway.entries = [entry('a')];
  await until(() => catalogues.of('router')?.models.has('a'));
  expect(catalogues.of('router')?.gone.has('a')).toBe(false);
});

test('a start without the gateway has the last state, says why it cannot fetch, and takes the next one that comes', async () => {
  const gateway = await catalogueGateway([entry('a')]);
  const settings = cataloguedAt(gateway, { catalogue: { refreshMs: 1000 } });
  const first = start({ gateway: settings });
  await known(first.catalogues);
  await until(() => first.lines.length > 0);
  first.catalogues.stop();
  gateway.status = 503;
  const { catalogues, lines, registry } = start({ gateway: settings, dataDirectory: first.dataDirectory });
  expect(catalogues.of('router')?.models.has('a')).toBe(true);
  await until(() => catalogues.faultOf('router'));
  expect(catalogues.report()).toMatchObject([{ gateway: 'router', models: 1, fault: 'HTTP 503' }]);
  expect(lines).toMatchObject([{ msg: 'catalogue not fetched', why: 'HTTP 503', models: 1 }]);
  expect(await registry.metrics()).toMatch(/outcome="failed"/);
  gateway.status = 200;
  gateway.entries = [entry('b')];
  await until(() => catalogues.of('router')?.models.has('b'));
  expect(catalogues.faultOf('router')).toBeUndefined();
});

test('other processes of the machine ask nobody, and read what the owner keeps', async () => {
  const gateway = await catalogueGateway([entry('a')]);
  const owner = start({ gateway: cataloguedAt(gateway) });
  const other = start({ gateway: cataloguedAt(gateway), dataDirectory: owner.dataDirectory, isOwner: false });
  expect((await known(other.catalogues)).models.has('a')).toBe(true);
  expect(gateway.asked.length).toBe(1);
});

test('what is kept of another endpoint, or is no catalogue, is not taken', async () => {
  const [one, two] = [await catalogueGateway([entry('a')]), await catalogueGateway([entry('b')])];
  const { dataDirectory, catalogues } = start({ gateway: cataloguedAt(one) });
  await known(catalogues);
  two.status = 500;
  const another = start({ gateway: cataloguedAt(two), dataDirectory });
  await until(() => another.catalogues.faultOf('router'));
  expect(another.catalogues.of('router')).toBeUndefined();
  writeFileSync(join(dataDirectory, 'catalogues', 'router.json'), '{"models": 7');
  expect(start({ gateway: cataloguedAt(two), dataDirectory }).catalogues.of('router')).toBeUndefined();
});

test.each([
  ['no list', '{"error": "no"}', 'expected a list of models'],
  ['no JSON', '<html>', 'expected a list of models'],
  ['an empty list', '{"data": []}', 'it names no model'],
  [
    'a page elsewhere',
    '{"data": [{"id": "a"}], "links": {"next": "http://127.0.0.1:9/v1/models"}}',
    'its next page is elsewhere',
  ],
  [
    'a page without end',
    JSON.stringify({ data: [{ id: 'a', description: 'x'.repeat(5 * 1024 * 1024) }] }),
    'a page of more than 4194304 bytes',
  ],
])('an answer that is none is said in its words, and no state: %s', async (_, body, fault) => {
  const gateway = await catalogueGateway([]);
  gateway.body = body;
  const { catalogues } = start({ gateway: cataloguedAt(gateway) });
  expect(await until(() => catalogues.faultOf('router'))).toBe(fault);
  expect(catalogues.of('router')).toBeUndefined();
});

test('pages that repeat themselves end, and no more than 5,000 models are taken', async () => {
  const gateway = await catalogueGateway([]);
  gateway.body = JSON.stringify({ data: [entry('a')], links: { next: '/v1/models?again' } });
  const repeated = start({ gateway: cataloguedAt(gateway) });
  expect((await known(repeated.catalogues)).models.size).toBe(1);
  const many = await catalogueGateway(manyEntries(6000));
  many.pageSize = 1000;
  expect((await known(start({ gateway: cataloguedAt(many) }).catalogues)).models.size).toBe(5000);
});

test('a private address is not asked, nor is anybody where no target has a pattern or the catalogue is off', async () => {
  const gateway = await catalogueGateway([entry('a')]);
  const closed = start({ gateway: { profile: 'openrouter', apiKey: 'k', baseUrl: gateway.baseUrl } });
  expect(await until(() => closed.catalogues.faultOf('router'))).toBe('a private address, which is not allowed');
  const { catalogues } = start({ gateway: cataloguedAt(gateway) });
  await known(catalogues);
  catalogues.use(configOf(cataloguedAt(gateway), 'vendor/a'));
  expect(catalogues.of('router')).toBeUndefined();
  catalogues.use(configOf(cataloguedAt(gateway, { catalogue: { off: true } })));
  expect(catalogues.report()).toEqual([]);
  expect(gateway.asked.length).toBe(1);
});

test('another credential is asked anew at once, with the state as it was until then', async () => {
  const gateway = await catalogueGateway([entry('a')]);
  const { catalogues } = start({ gateway: cataloguedAt(gateway) });
  await known(catalogues);
  gateway.entries = [entry('a'), entry('b')];
  catalogues.use(configOf(cataloguedAt(gateway, { apiKey: 'another' })));
  expect(catalogues.of('router')?.models.has('a')).toBe(true);
  await until(() => catalogues.of('router')?.models.has('b'));
  expect(gateway.asked.at(-1)?.headers.authorization).toBe('Bearer another');
});
