// What the layout test lets pass, each with its reason. An entry that is no longer needed fails the test too.

/** Files of more than 300 lines -> why. */
export const longFiles: Readonly<Record<string, string>> = {};

/** Suites without a source of the same name -> what they span. */
export const spanningSuites: Readonly<Record<string, string>> = {
  'test/layout.test.ts': 'the whole repository',
  'test/sdk/agents-realtime.test.ts': 'an official client and the whole gateway',
  'test/sdk/google-genai.test.ts': 'an official client and the whole gateway',
  'test/sdk/openai-live.test.ts': 'an official client and the whole gateway',
  'test/sdk/openai-realtime.test.ts': 'an official client and the whole gateway',
  'test/sdk/openai-responses.test.ts': 'an official client and the whole gateway',
  'test/server/bytes.test.ts': 'a session from client to provider',
  'test/server/pack.test.ts': 'the npm package',
};
