// Runs two generations of the official Google SDK, with one base URL changed.

import { FunctionResponse, GoogleGenAI, type LiveServerMessage, Modality, type Session } from '@google/genai';
import { GoogleGenAI as GoogleGenAI2 } from 'google-genai-2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningRehearsal, startRehearsal } from '../../server/rehearsal/host.ts';
import { spokenTurn } from '../support/recording.ts';
import { byStream, Heard, normalized, type ServedGateway, serveGateway, trust } from '../support/sdk.ts';

const MODEL = 'gemini-3.8-live';
const KEY = 'secret-of-the-demo-key';
const LISTED_KEY = 'secret-of-the-listed-key';
const RATE_HZ = 16_000;
let rehearsal: RunningRehearsal;
let gateway: ServedGateway;
/** A connection without a gateway in between. */
let direct: string;

type Config = NonNullable<Parameters<GoogleGenAI['live']['connect']>[0]['config']>;
interface Scenario {
  readonly config: Config;
  play(session: Session, heard: Heard<LiveServerMessage>): Promise<void>;
}

beforeAll(async () => {
  const times = { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, transcriptionMs: 0, audioSpeed: 10 };
  rehearsal = await startRehearsal({ times, awaitPlayback: false });
  direct = rehearsal.url.replace('ws:', 'http:');
  gateway = await serveGateway({
    keys: [
      { id: 'demo', secret: KEY },
      { id: 'listed', secret: LISTED_KEY, models: [`gemini/${MODEL}`] },
    ],
    providers: { gemini: { baseUrl: rehearsal.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
  trust(gateway);
  // A sentence that was spoken once comes without delay: what is compared must not depend on who asked first.
  await run(GoogleGenAI, direct, voiceTurn);
});

afterAll(async () => {
  await gateway?.close();
  await rehearsal?.close();
});

type Sdk = typeof GoogleGenAI | typeof GoogleGenAI2;

async function connect(Sdk: Sdk, baseUrl: string, { apiKey = KEY, model = MODEL, config = {} as Config } = {}) {
  const ai = new Sdk({ apiKey, httpOptions: { baseUrl } }) as GoogleGenAI;
  const heard = new Heard<LiveServerMessage>();
  const closed = Promise.withResolvers<void>();
  const session = ai.live.connect({
    model,
    config: { responseModalities: [Modality.AUDIO], ...config },
    callbacks: {
      onmessage: heard.add,
      onerror: ({ error }) => heard.fail(error),
      onclose: ({ code, reason }) => {
        heard.fail(new Error(`closed with ${code}: ${reason}`));
        closed.resolve();
      },
    },
  });
  // Generation 2 tells its callbacks that there is no session, and its caller nothing.
  return { session: await Promise.race([session, heard.failed]), heard, closed: closed.promise };
}

/** Plays a scenario from the setup to the close, and returns the messages that the client saw. */
async function run(Sdk: Sdk, baseUrl: string, { config, play }: Scenario): Promise<readonly LiveServerMessage[]> {
  const { session, heard, closed } = await connect(Sdk, baseUrl, { config });
  await play(session, heard);
  session.close();
  await closed;
  return heard.events;
}

/** The messages of a scenario through the gateway, and without it. */
function both(Sdk: Sdk, scenario: Scenario) {
  return Promise.all([run(Sdk, gateway.http, scenario), run(Sdk, direct, scenario)]);
}

const isOver = ({ serverContent }: LiveServerMessage) => serverContent?.turnComplete === true;
const isAudio = ({ serverContent }: LiveServerMessage) => audioOf(serverContent) !== undefined;

function audioOf(content: LiveServerMessage['serverContent']): string | undefined {
  return content?.modelTurn?.parts?.[0]?.inlineData?.data;
}

function speak(session: Session, turn: readonly string[]): void {
  for (const data of turn) session.sendRealtimeInput({ audio: { data, mimeType: `audio/pcm;rate=${RATE_HZ}` } });
}

const textTurn: Scenario = {
  config: { responseModalities: [Modality.TEXT] },
  async play(session, heard) {
    session.sendClientContent({ turns: 'Good morning', turnComplete: true });
    await heard.next(isOver);
  },
};

const voiceTurn: Scenario = {
  config: { inputAudioTranscription: {}, outputAudioTranscription: {} },
  async play(session, heard) {
    speak(session, spokenTurn('librivox-0880', RATE_HZ));
    await heard.next(isOver);
  },
};

const toolCall: Scenario = {
  config: {
    responseModalities: [Modality.TEXT],
    tools: [
      {
        functionDeclarations: [
          {
            name: 'weather',
            parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
        ],
      },
    ],
  },
  async play(session, heard) {
    session.sendClientContent({ turns: 'Use the weather tool.', turnComplete: true });
    const { toolCall: called } = await heard.next((message) => message.toolCall !== undefined);
    const { id, name } = called?.functionCalls?.[0] ?? {};
    const response = Object.assign(new FunctionResponse(), { id, name, response: { sky: 'clear' } });
    session.sendToolResponse({ functionResponses: [response] });
    await heard.next(isOver);
  },
};

const interruption: Scenario = {
  config: {},
  async play(session, heard) {
    speak(session, spokenTurn('librivox-0920', RATE_HZ));
    await heard.next(isAudio);
    const turn = spokenTurn('librivox-0880', RATE_HZ);
    speak(session, turn.slice(0, 5));
    await heard.next(isOver);
    speak(session, turn.slice(5));
    await heard.next(isOver);
  },
};

const streamOf = (message: LiveServerMessage): string | undefined => {
  if (message.serverContent?.inputTranscription) return 'heard';
  if (message.serverContent?.outputTranscription) return 'said';
  return isAudio(message) ? 'audio' : undefined;
};

/** The number of pieces before an interruption is a matter of time, and so is their cost. */
const withoutPieces = (messages: readonly LiveServerMessage[]) =>
  messages.filter((message) => !isAudio(message)).map(({ usageMetadata, ...message }) => [message, !!usageMetadata]);

describe.each([
  ['@google/genai 3', GoogleGenAI],
  ['@google/genai 2', GoogleGenAI2],
])('%s', (_, Sdk) => {
  test('a text turn streams tokens, and nothing shows that there is a gateway', async () => {
    const [messages, expected] = await both(Sdk, textTurn);
    const pieces = messages.flatMap(({ serverContent }) => serverContent?.modelTurn?.parts ?? []);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.map(({ text }) => text).join('')).toBe('This is the rehearsal provider. You wrote: Good morning');
    expect(normalized(messages)).toEqual(normalized(expected));
  });

  test('a voice turn is heard and answered in speech, and nothing shows that there is a gateway', async () => {
    const [messages, expected] = await both(Sdk, voiceTurn);
    const contents = messages.flatMap(({ serverContent }) => serverContent ?? []);
    const said = contents.map(({ outputTranscription }) => outputTranscription?.text ?? '').join('');
    expect(said).toBe('This is the rehearsal provider. I heard 3 seconds of speech.');
    expect(contents.some(({ inputTranscription }) => inputTranscription?.text)).toBe(true);
    const audio = contents.map((content) => Buffer.from(audioOf(content) ?? '', 'base64'));
    expect(Buffer.concat(audio).length / 2 / 24_000).toBeGreaterThan(5);
    expect(normalized(byStream(messages, streamOf))).toEqual(normalized(byStream(expected, streamOf)));
  });

  test('a tool is called and its output is answered, and nothing shows that there is a gateway', async () => {
    const [messages, expected] = await both(Sdk, toolCall);
    const [call] = messages.flatMap((message) => message.toolCall?.functionCalls ?? []);
    expect(call).toMatchObject({ name: 'weather', args: { city: 'rehearsal' } });
    const said = messages.map(({ serverContent }) => serverContent?.modelTurn?.parts?.[0]?.text ?? '').join('');
    expect(said).toContain('{"sky":"clear"}');
    expect(normalized(messages)).toEqual(normalized(expected));
  });

  test('a caller interrupts a reply, as without a gateway', async () => {
    const [messages, expected] = await both(Sdk, interruption);
    const turns = messages.filter(
      ({ serverContent }) => serverContent?.interrupted || isOver({ serverContent } as never),
    );
    expect(turns.map(({ serverContent }) => serverContent)).toEqual([
      { interrupted: true },
      { turnComplete: true },
      { turnComplete: true },
    ]);
    expect(normalized(withoutPieces(messages))).toEqual(normalized(withoutPieces(expected)));
  });

  test('the model that only a frame names is in the record of the session', async () => {
    const { session, heard, closed } = await connect(Sdk, gateway.http);
    await heard.next(({ setupComplete }) => setupComplete !== undefined);
    const live = await (await fetch(`${gateway.admin}/sessions`)).text();
    expect(live).toContain(`"model":"${MODEL}"`);
    session.close();
    await closed;
  });

  test('a text turn works over TLS too', async () => {
    const messages = await run(Sdk, gateway.https, textTurn);
    expect(messages.some(isOver)).toBe(true);
  });

  test('a wrong key is an error of the SDK that says so', async () => {
    const refused = connect(Sdk, gateway.http, { apiKey: 'not-a-key-of-this-gateway' });
    await expect(refused).rejects.toThrow('Unexpected server response: 401');
  });

  test('a model that the key may not use closes the session with 1008 and its name', async () => {
    const { session } = await connect(Sdk, gateway.http, { apiKey: LISTED_KEY });
    session.close();
    const refused = connect(Sdk, gateway.http, { apiKey: LISTED_KEY, model: 'gemini-3.5-live' });
    await expect(refused).rejects.toThrow(/1008.*gemini-3\.5-live/);
  });
});
