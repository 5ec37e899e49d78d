// A tool is called only when the client asks for it.

import { expect, test } from 'vitest';
import { askedCall, type ToolChoice } from '../../../adapters/simulators/tool-call.ts';

const names = ['Read', 'bash', 'weather', 'get_weather', 'getTime', 'mcp__files__read.file'];
const calledFor = (text: string, choice?: ToolChoice) =>
  askedCall(
    names.map((name) => ({ name })),
    { kind: 'text', text },
    choice,
  )?.name;

test.each([
  ['Please get_weather for Paris.', 'get_weather'],
  ['GET_WEATHER!', 'get_weather'],
  ['Try `getTime` now', 'getTime'],
  ['use mcp__files__read.file', 'mcp__files__read.file'],
  ['Call weather', 'weather'],
  ['Use the weather tool.', 'weather'],
  ['call the function "weather"', 'weather'],
  ['What does your weather tool say?', 'weather'],
  ['Run bash, please', 'bash'],
])('%j asks for %s', (text, name) => {
  expect(calledFor(text)).toBe(name);
});

test.each([
  'How is the weather?',
  'Read the file and write a bash script',
  'Reply with one harmless word.',
  'my_get_weather and get_weather_now',
  'mcp__files__readXfile',
  'recall weather; the toolbox bashed',
  '',
])('%j asks for no tool', (text) => {
  expect(calledFor(text)).toBeUndefined();
});

test('of the tools that may be called, a required call takes the one that the text names, else the first', () => {
  const required = { isRequired: true, names: ['bash', 'weather'] };
  expect(calledFor('use weather', required)).toBe('weather');
  expect(calledFor('get_weather', required)).toBe('bash');
  expect(calledFor('x', { isRequired: true, names: ['unknown'] })).toBeUndefined();
  expect(calledFor('use weather', { isRequired: false, names: [] })).toBeUndefined();
});

test('speech asks for no tool, unless one is required', () => {
  const functions = [{ name: 'weather' }];
  expect(askedCall(functions, { kind: 'speech', speechMs: 900 })).toBeUndefined();
  expect(askedCall(functions, { kind: 'speech', speechMs: 900 }, { isRequired: true })).toEqual({
    name: 'weather',
    args: {},
  });
});
