// URLs that hold too much or too little of a path are taken as they must have been meant, with a warning that says so.

import { expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { load, warnings } = configFiles();

/** The URL that is used, and whether that was said. */
function used(
  yaml: string,
  pick: (config: ReturnType<typeof load>) => string | undefined,
): [string | undefined, boolean] {
  return [pick(load(yaml)), warnings(yaml).some((line) => line.includes('which is used'))];
}

test.each([
  ['openai', 'wss://api.openai.com/v1', 'wss://api.openai.com'],
  ['openai', 'wss://api.openai.com/v1/', 'wss://api.openai.com'],
  ['openai', 'wss://proxy.example.com/openai/v1/realtime', 'wss://proxy.example.com/openai'],
  ['gemini', 'wss://generativelanguage.googleapis.com/ws', 'wss://generativelanguage.googleapis.com'],
  ['deepgram', 'wss://agent.deepgram.com/v1/agent/converse', 'wss://agent.deepgram.com'],
])('the base URL of %s is taken without the path that is appended: %s', (name, baseUrl, expected) => {
  const yaml = `providers: { ${name}: { apiKey: k, baseUrl: "${baseUrl}" } }`;
  expect(used(yaml, ({ providers }) => providers[name]?.baseUrl)).toEqual([expected, true]);
  expect(warnings(yaml)).toEqual([
    `providers.${name}.baseUrl: expected "${expected}", which is used, got "${baseUrl}"`,
  ]);
});

test.each(['wss://api.openai.com', 'wss://x.openai.azure.com/openai', 'wss://proxy.example.com/v1/team'])(
  'any other base URL of a provider stays as it is: %s',
  (baseUrl) => {
    const yaml = `providers: { openai: { apiKey: k, baseUrl: "${baseUrl}" } }`;
    expect(used(yaml, ({ providers }) => providers.openai?.baseUrl)).toEqual([baseUrl, false]);
  },
);

const gateway = (profile: string, baseUrl: string, more = '') =>
  used(
    `gateways: { g: { profile: ${profile}, apiKey: k, baseUrl: "${baseUrl}"${more} } }`,
    ({ gateways }) => gateways.g?.baseUrl,
  );

test.each([
  ['openai', 'https://api.openai.com', 'https://api.openai.com/v1'],
  ['openai', 'https://eu.api.openai.com/', 'https://eu.api.openai.com/v1'],
  ['anthropic', 'https://api.anthropic.com', 'https://api.anthropic.com/v1'],
  ['anthropic', 'https://api.anthropic.com/v1/messages', 'https://api.anthropic.com/v1'],
  ['litellm', 'https://llm.example.com/v1/chat/completions', 'https://llm.example.com/v1'],
])(
  'the base URL of the profile %s is taken with its path and without that of the endpoint: %s',
  (profile, written, expected) => {
    expect(gateway(profile, written)).toEqual([expected, true]);
  },
);

test('the base URL of Cloudflare may hold account and gateway already', () => {
  const settings = ', settings: { account: abc, gateway: main }';
  expect(gateway('cloudflare', 'https://gateway.ai.cloudflare.com/v1/abc/main/compat', settings)).toEqual([
    'https://gateway.ai.cloudflare.com/v1',
    true,
  ]);
});

test.each([
  ['openai', 'https://api.openai.com/v1'],
  ['litellm', 'https://llm.example.com'],
  ['openai-compatible', 'https://llm.example.com/chat'],
  ['gemini', 'https://generativelanguage.googleapis.com/v1'],
])('any other base URL of the profile %s stays as it is: %s', (profile, written) => {
  expect(gateway(profile, written)).toEqual([written, false]);
});

test('an origin is taken as browsers send it', () => {
  const yaml = 'listen: { origins: ["https://App.Example.com:443", "http://localhost:5173", "capacitor://localhost"] }';
  expect(load(yaml).listen.origins).toEqual([
    'https://app.example.com',
    'http://localhost:5173',
    'capacitor://localhost',
  ]);
  expect(warnings(yaml)).toEqual([
    'listen.origins[0]: expected "https://app.example.com", which is used, got "https://App.Example.com:443"',
  ]);
});
