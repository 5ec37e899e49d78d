// The list of models of a class with a pattern, through the whole side path: what it shows, to whom, and what is said of a name that is none.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { LiveCatalogues } from '../../../../../server/side/llm/catalogue/live.ts';
import { cataloguedAt, catalogueGateway, entry, manyEntries } from '../../../../support/catalogue-gateway.ts';
import { answered, scriptedRouter, startSideHttp, type TestSide } from '../../../../support/side-http.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { until } from '../../../../support/until.ts';

let side: TestSide;
let catalogues: LiveCatalogues;
afterEach(async () => {
  catalogues.stop();
  await side.close();
});

const router = scriptedRouter(async () => answered('yes'));
const keys = [
  { id: 'app', secret: 'secret-app' },
  { id: 'kept', secret: 'secret-kept', dataClass: 'regulated' },
];

async function start(entries: readonly object[], classes: object, more: object = {}) {
  const gateway = await catalogueGateway(entries);
  const file = { gateways: { router: cataloguedAt(gateway, more) }, classes, keys };
  const dataDirectory = temporaryFolder('models');
  catalogues = new LiveCatalogues({ config: { dataDirectory }, isOwner: true, log: pino({ level: 'silent' }) });
  side = await startSideHttp({ file, router, catalogues });
  catalogues.use(side.config);
  return gateway;
}
const fetched = () => until(() => catalogues.of('router'));
const openai = (key = 'secret-app') => new OpenAI({ baseURL: `${side.http}/v1`, apiKey: key, maxRetries: 0 });
const list = async (key?: string) => (await openai(key).models.list()).data as unknown as Record<string, unknown>[];
const ask = (model: string) => openai().chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] });

test('hundreds of models are listed with context, modalities, prices and classes, and each can be called', async () => {
  await start(manyEntries(600), {
    open: { targets: [{ gateway: 'router', model: '*' }] },
    vendor: {
      targets: [
        { gateway: 'router', model: 'vendor-3/*' },
        { gateway: 'router', model: 'special' },
      ],
    },
  });
  await fetched();
  const models = await list();
  expect(models.length).toBe(600 + 4);
  expect(models.map(({ id }) => id).slice(0, 4)).toEqual(['special', 'open', 'vendor', 'vendor/special']);
  expect(models.find(({ id }) => id === 'vendor-3/model-3')).toEqual({
    ...{ id: 'vendor-3/model-3', object: 'model', created: 1_700_000_000, owned_by: 'router' },
    context_length: 128_000,
    architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
    supported_parameters: ['tools'],
    pricing: { prompt: '0.000001', completion: '0.000002' },
    pricing_source: 'catalogue',
    classes: ['open', 'vendor'],
  });
  await ask('vendor-4/model-4');
  expect(router.calls.at(-1)).toMatchObject({ promptClass: 'open', model: 'vendor-4/model-4' });
  await ask('vendor/vendor-3/model-3');
  expect(router.calls.at(-1)).toMatchObject({ promptClass: 'vendor', model: 'vendor-3/model-3' });
  expect(await openai().models.retrieve('router/vendor-5/model-5')).toMatchObject({ context_length: 128_000 });
});

test('the SDK of Anthropic leafs through them, with their context and their day', async () => {
  await start(manyEntries(45), { open: { targets: [{ gateway: 'router', model: '*' }] } });
  await fetched();
  const anthropic = new Anthropic({ baseURL: side.http, apiKey: 'secret-app', maxRetries: 0 });
  const ids: string[] = [];
  for await (const { id } of anthropic.models.list({ limit: 20 })) ids.push(id);
  expect(ids.toSorted()).toEqual((await list()).map(({ id }) => String(id)).toSorted());
  expect(await anthropic.models.retrieve('vendor-3/model-3')).toMatchObject({
    ...{ type: 'model', id: 'vendor-3/model-3', created_at: '2023-11-14T22:13:20Z' },
    ...{ max_input_tokens: 128_000, max_tokens: null },
  });
});

test('what cannot promise what a class asks is not listed, and refused by name', async () => {
  await start([entry('good/a'), entry('bad/b')], {
    careful: { targets: [{ gateway: 'router', model: '*' }], allow: { models: ['good/*'] } },
  });
  await fetched();
  expect((await list()).map(({ id }) => id)).toEqual(['careful', 'good/a']);
  await expect(ask('bad/b')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  expect(await list('secret-kept')).toEqual([]);
});

test('a model that has gone is named with the time when it was there last, and the nearest ones', async () => {
  const gateway = await start(
    [entry('vendor/alpha'), entry('vendor/beta')],
    { open: { targets: [{ gateway: 'router', model: '*' }] } },
    { catalogue: { refreshMs: 1000 } },
  );
  await fetched();
  gateway.entries = [entry('vendor/beta')];
  await until(() => catalogues.of('router')?.gone.has('vendor/alpha'));
  await expect(ask('vendor/alpha')).rejects.toMatchObject({
    status: 404,
    message: expect.stringMatching(/any more: router had it until 2\d{3}-.*Z; expected one of vendor\/beta/),
  });
});

test('while no catalogue is known a call by name is told so, as one that may go better later', async () => {
  const gateway = await start([entry('a')], { open: { targets: [{ gateway: 'router', model: '*' }] } });
  await fetched();
  catalogues.stop();
  catalogues = new LiveCatalogues({
    config: { dataDirectory: temporaryFolder('none') },
    isOwner: true,
    log: pino({ level: 'silent' }),
  });
  gateway.status = 500;
  await side.close();
  side = await startSideHttp({
    file: {
      gateways: { router: cataloguedAt(gateway) },
      classes: { open: { targets: [{ gateway: 'router', model: '*' }] } },
      keys,
    },
    router,
    catalogues,
  });
  catalogues.use(side.config);
  await until(() => catalogues.faultOf('router'));
  await expect(ask('a')).rejects.toMatchObject({
    status: 503,
    code: 'catalogue_unavailable',
    message: expect.stringMatching(/the catalogue of router is not known yet: HTTP 500/),
  });
});

test('an alias is listed with the classes that have a target of it, and named by a client', async () => {
  const gateway = await catalogueGateway([entry('vendor/a')]);
  catalogues = new LiveCatalogues({
    config: { dataDirectory: temporaryFolder('alias') },
    isOwner: true,
    log: pino({ level: 'silent' }),
  });
  const classes = {
    open: { targets: [{ gateway: 'router', model: '*' }] },
    own: { targets: [{ gateway: 'router', model: 'x' }] },
  };
  const aliases = { fast: { targets: [{ gateway: 'router', model: 'vendor/a' }] } };
  side = await startSideHttp({
    file: { gateways: { router: cataloguedAt(gateway) }, classes, aliases, keys },
    router,
    catalogues,
  });
  catalogues.use(side.config);
  await fetched();
  expect((await list()).find(({ id }) => id === 'fast')).toMatchObject({ owned_by: 'router', classes: ['open'] });
  await ask('fast');
  expect(router.calls.at(-1)).toMatchObject({ promptClass: 'open', model: 'fast' });
});
