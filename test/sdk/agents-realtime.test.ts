// Runs the official agents SDK with its WebSocket transport, with one URL changed.

import { RealtimeAgent, RealtimeSession, type RealtimeSessionConfig, tool } from '@openai/agents-realtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningRehearsal, startRehearsal } from '../../server/rehearsal/host.ts';
import { spokenTurn } from '../support/recording.ts';
import { byStream, Heard, normalized, realtimeStream, type ServedGateway, serveGateway } from '../support/sdk.ts';

const PATH = '/v1/realtime?model=gpt-realtime-2.1';
const KEY = 'secret-of-the-demo-key';
const LISTED_KEY = 'secret-of-the-listed-key';
const RATE_HZ = 24_000;
let rehearsal: RunningRehearsal;
let gateway: ServedGateway;

interface Event {
  readonly type: string;
  readonly [field: string]: unknown;
}
interface Scenario {
  readonly config?: Partial<RealtimeSessionConfig>;
  readonly tools?: ReturnType<typeof tool>[];
  play(session: RealtimeSession, heard: Heard<Event>): Promise<void>;
}

beforeAll(async () => {
  const times = { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, transcriptionMs: 0, audioSpeed: 10 };
  rehearsal = await startRehearsal({ times });
  gateway = await serveGateway({
    keys: [
      { id: 'demo', secret: KEY },
      { id: 'listed', secret: LISTED_KEY, models: ['openai/gpt-realtime-2.1'] },
    ],
    providers: { openai: { baseUrl: rehearsal.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
  // A sentence that was spoken once comes without delay: what is compared must not depend on who asked first.
  await run(rehearsal.url, voiceTurn);
});

afterAll(async () => {
  await gateway?.close();
  await rehearsal?.close();
});

async function connect(url: string, { config = {}, tools = [] }: Partial<Scenario>, apiKey = KEY) {
  const agent = new RealtimeAgent({ name: 'Assistant', instructions: 'Be brief.', tools });
  const session = new RealtimeSession(agent, { transport: 'websocket', config });
  const heard = new Heard<Event>();
  session.on('transport_event', (event) => heard.add(event as Event));
  session.on('error', ({ error }) => heard.fail(error));
  await session.connect({ apiKey, url: `${url}${PATH}` });
  return { session, heard };
}

/** Plays a scenario from the open to the close, and returns the events that the client saw. */
async function run(url: string, scenario: Scenario): Promise<readonly Event[]> {
  const { session, heard } = await connect(url, scenario);
  // The SDK first switches tracing on and then configures; both are answered.
  await heard.type('session.updated');
  await heard.type('session.updated');
  await scenario.play(session, heard);
  session.close();
  return heard.events;
}

/** The events of a scenario through the gateway, and without it. */
function both(scenario: Scenario) {
  return Promise.all([run(gateway.ws, scenario), run(rehearsal.url, scenario)]);
}

function speak(session: RealtimeSession, turn: readonly string[]): void {
  for (const audio of turn) session.sendAudio(Uint8Array.from(Buffer.from(audio, 'base64')).buffer);
}

const textTurn: Scenario = {
  config: { outputModalities: ['text'] },
  async play(session, heard) {
    session.sendMessage('Good morning');
    await heard.type('rate_limits.updated');
    const said = session.history.at(-1);
    expect(said).toMatchObject({ role: 'assistant', status: 'completed' });
    expect(JSON.stringify(said)).toContain('You wrote: Good morning');
  },
};

const voiceTurn: Scenario = {
  async play(session, heard) {
    let seconds = 0;
    session.on('audio', ({ data }) => {
      seconds += data.byteLength / 2 / RATE_HZ;
    });
    speak(session, spokenTurn('librivox-0880', RATE_HZ));
    await heard.type('rate_limits.updated');
    expect(seconds).toBeGreaterThan(5);
    expect(JSON.stringify(session.history)).toContain('I heard 3 seconds of speech.');
  },
};

const weather = tool({
  name: 'weather',
  description: 'Looks at the sky.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  execute: async (given) => `clear over ${(given as { city: string }).city}`,
});

const toolCall: Scenario = {
  config: { outputModalities: ['text'] },
  tools: [weather],
  async play(session, heard) {
    session.sendMessage('Use the weather tool.');
    await heard.type('response.function_call_arguments.done');
    await heard.type('rate_limits.updated');
    await heard.type('rate_limits.updated');
    expect(JSON.stringify(session.history.at(-1))).toContain('The tool weather answered: clear over rehearsal');
  },
};

const interruption: Scenario = {
  config: { audio: { input: { turnDetection: { type: 'server_vad' } } } },
  async play(session, heard) {
    let interruptions = 0;
    session.on('audio_interrupted', () => {
      interruptions += 1;
    });
    speak(session, spokenTurn('librivox-0920', RATE_HZ));
    await heard.type('response.output_audio.delta');
    const turn = spokenTurn('librivox-0880', RATE_HZ);
    speak(session, turn.slice(0, 5));
    await heard.type('conversation.item.truncated');
    expect(interruptions).toBe(1);
    speak(session, turn.slice(5));
    await heard.type('rate_limits.updated');
  },
};

/**
 * Leaves out what depends on how fast the provider is: the SDK sends two updates at once, in the order in which the first
 * event and its own `open` come, and asks for an item again as soon as it has a transcript.
 */
function comparable(events: readonly Event[]): unknown {
  const first = events.findIndex(({ type }) => type === 'session.updated');
  const steady = events.filter(({ type }, at) => at !== first && type !== 'conversation.item.retrieved');
  return normalized(byStream(steady, realtimeStream));
}

test('a text turn streams tokens, and nothing shows that there is a gateway', async () => {
  const [events, expected] = await both(textTurn);
  expect(events.filter(({ type }) => type === 'response.output_text.delta').length).toBeGreaterThan(3);
  expect(comparable(events)).toEqual(comparable(expected));
});

test('a voice turn is heard and answered in speech, and nothing shows that there is a gateway', async () => {
  const [events, expected] = await both(voiceTurn);
  expect(comparable(events)).toEqual(comparable(expected));
});

test('a tool runs and its output is answered, and nothing shows that there is a gateway', async () => {
  const [events, expected] = await both(toolCall);
  expect(comparable(events)).toEqual(comparable(expected));
});

test('a caller interrupts a reply, as without a gateway', async () => {
  const [events, expected] = await both(interruption);
  const done = events.filter(({ type }) => type === 'response.done');
  expect(done.map(({ response }) => (response as { status: string }).status)).toEqual(['cancelled', 'completed']);
  // The number of pieces before an interruption is a matter of time.
  const withoutPieces = (all: readonly Event[]) =>
    all.map(({ type }) => type).filter((type) => !/\.(delta|retrieved)$/.test(type));
  expect(withoutPieces(events)).toEqual(withoutPieces(expected));
});

test('a wrong key fails the connection with an error that says so', async () => {
  const refused = connect(gateway.ws, {}, 'not-a-key-of-this-gateway');
  await expect(refused).rejects.toMatchObject({ message: 'Unexpected server response: 401' });
});

test('a key needs the transcription model that the SDK asks for by itself', async () => {
  const { heard } = await connect(gateway.ws, {}, LISTED_KEY);
  await expect(heard.failed).rejects.toMatchObject({
    error: { code: 'model_not_allowed', message: 'this key may not use the model gpt-4o-mini-transcribe' },
  });
});
