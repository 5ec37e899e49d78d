// Writes another name at the places where models are named, and nowhere else.

import { expect, test } from 'vitest';
import { eventPaths } from '../../../../adapters/realtime/guards/event-paths.ts';
import { renamedBy } from '../../../../adapters/realtime/guards/renamed-model.ts';
import { providers } from '../../../../adapters/realtime/index.ts';

const snake = (key: string) => [key, key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
const places = eventPaths([['model'], ['session', '**', 'model'], ['tools', 'modelName']], snake);
const names = { from: 'voice', to: 'an "other" ä' };
const OTHER = String.raw`"an \"other\" ä"`;

function renamed(text: string, rename = renamedBy({ places })): string | undefined {
  const out = rename({ data: Buffer.from(text), binary: true, at: 0 }, names);
  expect(out?.binary ?? true).toBe(true);
  return out && String(out.data);
}

test.each([
  ['at the top', '{"model" : "voice","x":1.0}', `{"model" : ${OTHER},"x":1.0}`],
  [
    'twice, one of them in escapes',
    '{"model":"voic\\u0065","session":{"model":"voice"}}',
    `{"model":${OTHER},"session":{"model":${OTHER}}}`,
  ],
  ['at any depth', '{"session":[{"a":[1,{"model":"voice"}]}]}', `{"session":[{"a":[1,{"model":${OTHER}}]}]}`],
  [
    'in lists and in every spelling',
    '{"tools":[{"model_name":"voice"},[{"modelName":"voice"}]]}',
    `{"tools":[{"model_name":${OTHER}},[{"modelName":${OTHER}}]]}`,
  ],
  [
    'behind a text that looks like it',
    '{"x":"\\"model\\":\\"voice\\"","model":"voice"}',
    `{"x":"\\"model\\":\\"voice\\"","model":${OTHER}}`,
  ],
])('a name is written anew %s', (_, text, expected) => {
  expect(renamed(text)).toBe(expected);
});

test.each([
  '{"x":{"model":"voice"},"tools":{"model":"voice"}}',
  '{"session":{"metadata":{"model":"voice"},"parameters":{"a":{"model":"voice"}}}}',
  '{"model":["voice"]}',
  '{"model":"voices","session":"voice"}',
  '{"model":',
  'voice',
  '',
])('nothing is written into %s', (text) => {
  expect(renamed(text)).toBeUndefined();
});

test('a name counts in the form of lists, and in that in which clients ask', () => {
  const rename = renamedBy({
    places,
    modelName: (name) => name.replace('models/', ''),
    askedName: (name) => name.replace('of/', ''),
  });
  expect(renamed('{"model":"models/voice","session":{"model":"of/voice"}}', rename)).toBe(
    `{"model":${OTHER},"session":{"model":${OTHER}}}`,
  );
});

test('a dialect whose messages name models has a way to write another name', () => {
  const all = [...providers.values()].flatMap(({ endpoints }) => endpoints);
  const frame = {
    data: Buffer.from('{"type":"Settings","setup":{},"session":{"model":"a"},"model":"a"}'),
    binary: false,
    at: 0,
  };
  const naming = all.filter(({ dialect }) => dialect.modelsIn(frame) !== undefined);
  expect(naming.filter(({ dialect }) => dialect.renamed === undefined).map(({ path }) => path)).toEqual([]);
  expect(all.filter(({ dialect }) => dialect.firstName !== undefined && dialect.renamed === undefined)).toEqual([]);
});
