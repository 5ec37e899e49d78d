// Tests what comes of answers that endpoints write badly, in every form and for every reader, over a whole gateway: a client gets the answer or
// is told that there is none, never silence; all readers are told the same; and the ledger has each request once. TRUNKLINE_LONG=1 tries every
// reader, else three of seven for each answer.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { HOSTILE_ANSWERS } from '../../../support/hostile-answers.ts';
import { HOSTILE_FORMS, HOSTILE_TEXT, type HostileForm } from '../../../support/hostile-forms.ts';
import { killAll } from '../../../support/processes.ts';
import { type Served, serve } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const FEW_READERS = ['stream', 'unstored', 'chat-socket'] as const;
const READERS = ['stream', 'unstored', 'background', 'routed', 'chat', 'ag-ui', 'chat-socket'] as const;
type Reader = (typeof READERS)[number];
/** Longest wait for an end; longest silence of targets that say nothing more, and of others, for which a busy machine may need longer. */
const [PATIENCE_MS, SILENT_MS, BUSY_MS] = [150_000, 4000, 100_000];

const PROFILES = { responses: 'openai', completions: 'openai-compatible', messages: 'anthropic' } as const;
const cases = Object.entries(HOSTILE_ANSWERS).flatMap(([name, { forms = HOSTILE_FORMS }]) =>
  forms.map((form) => [name, form] as const),
);
/** Some of the readers, others for each answer and form. */
function readersOf(name: string, form: HostileForm): readonly Reader[] {
  if (HOSTILE_ANSWERS[name]?.isLarge) return FEW_READERS;
  const first = Object.keys(HOSTILE_ANSWERS).indexOf(name) + HOSTILE_FORMS.indexOf(form);
  return isLong ? READERS : READERS.filter((_, at) => [0, 2, 4].includes((first + at) % READERS.length));
}
const modelOf = (name: string, form: HostileForm, reader: Reader) => `${form}.${name}.${reader}`;

const endpoint = createServer(async (request, response) => {
  const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as { model: string };
  const [form = '', name = ''] = body.model.split('.');
  asked.push(body.model);
  response.on('error', () => {});
  await HOSTILE_ANSWERS[name]?.write(response, form as HostileForm);
});
const asked: string[] = [];
const data = temporaryFolder('hostile');
let served: Served;

beforeAll(async () => {
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/v1`;
  const gateway = (form: HostileForm) => ({ profile: PROFILES[form], baseUrl, apiKey: 'x', allowPrivate: true });
  const targets = (form: HostileForm) =>
    cases
      .filter((one) => one[1] === form)
      .flatMap(([name]) =>
        readersOf(name, form).map((reader) => ({
          gateway: form,
          model: modelOf(name, form, reader),
          priceAs: 'priced',
          ...(HOSTILE_ANSWERS[name]?.isSilent && { timeoutMs: SILENT_MS }),
        })),
      );
  const terms = { fallback: false, timeoutMs: BUSY_MS, deadlineMs: BUSY_MS, maxTokens: 1000, responses: 'routed' };
  served = await serve(
    {
      gateways: Object.fromEntries(HOSTILE_FORMS.map((form) => [form, gateway(form)])),
      classes: Object.fromEntries(HOSTILE_FORMS.map((form) => [form, { ...terms, targets: targets(form) }])),
      prices: { priced: { input: 1, output: 10 } },
      runs: { maxBytes: 2 ** 26, totalBytes: 2 ** 31 },
      tasks: [],
    },
    data,
  );
});
afterAll(async () => {
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  endpoint.closeAllConnections();
  endpoint.close();
});

interface Seen {
  readonly end: 'whole' | 'error' | 'none';
  readonly text: string;
  readonly why?: unknown;
}

const http = () => served.url.replace('ws', 'http');
const post = (path: string, body: object) =>
  fetch(http() + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
const get = (path: string) =>
  fetch(http() + path, { headers: { connection: 'close' }, signal: AbortSignal.timeout(PATIENCE_MS) });

/** The events of a stream, whatever ends its lines. */
const eventsIn = (text: string): JsonObject[] =>
  text
    .replace(/\r\n|\r/g, '\n')
    .split('\n\n')
    .map((block) =>
      block
        .split('\n')
        .flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
        .join('\n'),
    )
    .filter((data) => data.startsWith('{'))
    .map((data) => JSON.parse(data));

interface OutputText {
  readonly status: string;
  readonly error?: { readonly code: string };
  readonly output: readonly { readonly content?: readonly { readonly text?: string }[] }[];
}

function seenInResponses(events: readonly JsonObject[]): Seen {
  const last = events.at(-1) as { type: string; response?: OutputText } | undefined;
  const said = events.map(({ type, delta }) =>
    type === 'response.output_text.delta' && typeof delta === 'string' ? delta : '',
  );
  if (last?.type === 'response.completed') {
    const whole = (last.response?.output ?? []).flatMap(({ content = [] }) => content.map(({ text = '' }) => text));
    return { end: 'whole', text: said.join('') || (whole[0] ?? '') };
  }
  const isError = last?.type === 'response.failed' || last?.type === 'error';
  return { end: isError ? 'error' : 'none', text: said.join(''), why: last?.response?.error ?? last };
}

const failed = async (reply: Response): Promise<Seen> => ({ end: 'error', text: '', why: await reply.json() });

async function readStream(model: string, more: object): Promise<Seen> {
  const reply = await post('/v1/responses', { model, input: 'Hello', stream: true, ...more });
  if (reply.status !== 200) return failed(reply);
  const text = await reply.text();
  const events = eventsIn(text);
  if (!('store' in more)) {
    expect(text).toMatch(/^(event: [^\n]+\ndata: \{[^\n]+\}\n\n|: [^\n]*\n\n)+$/);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at));
    const [id] = events.flatMap(({ response }) => (response ? [(response as { id: string }).id] : []));
    const again = await get(`/v1/responses/${id}?stream=true`);
    expect(eventsIn(await again.text())).toEqual(events);
    const got = (await (await get(`/v1/responses/${id}`)).json()) as JsonObject;
    expect(got).toEqual((events.at(-1) as { response: JsonObject }).response);
    expect(got.status).toMatch(/^(completed|failed)$/);
    const ids = new Set(events.flatMap(({ response }) => (response ? [(response as { id: string }).id] : [])));
    expect([...ids]).toEqual([id]);
  }
  return seenInResponses(events);
}

/** Models whose answer a busy store did not take: the call was cancelled, and is made again. */
const notTaken: string[] = [];
async function readBackground(model: string): Promise<Seen> {
  const reply = await post('/v1/responses', { model, input: 'Hello', background: true });
  if (reply.status === 503) {
    notTaken.push(model);
    return readBackground(model);
  }
  if (reply.status !== 200) return failed(reply);
  const { id } = (await reply.json()) as { id: string };
  return seenInResponses(eventsIn(await (await get(`/v1/responses/${id}?stream=true`)).text()));
}

function seenInChat(chunks: readonly JsonObject[], isOver: boolean): Seen {
  const text = chunks.map((one) => (one.type === 'text-delta' ? one.delta : '')).join('');
  const error = chunks.find(({ type }) => type === 'error');
  const last = chunks.at(-1);
  if (error !== undefined) return { end: isOver ? 'error' : 'none', text, why: error };
  return { end: isOver && last?.type === 'finish' ? 'whole' : 'none', text, why: last };
}

const message = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] };

async function readChat(model: string): Promise<Seen> {
  const reply = await post('/v1/ui/chat', { id: model, messages: [message], trigger: 'submit-message', model });
  if (reply.status !== 200) return failed(reply);
  const text = await reply.text();
  const again = await get(`/v1/ui/chat/${model}/stream`);
  expect(eventsIn(await again.text())).toEqual(eventsIn(text));
  return seenInChat(eventsIn(text), text.endsWith('data: [DONE]\n\n'));
}

async function readAgUi(model: string): Promise<Seen> {
  const reply = await post('/v1/ui/ag-ui', {
    ...{ threadId: model, runId: 'r', state: {}, messages: [{ id: 'u1', role: 'user', content: 'Hello' }] },
    ...{ tools: [], context: [], forwardedProps: { model } },
  });
  if (reply.status !== 200) return failed(reply);
  const events = eventsIn(await reply.text());
  const text = events.map((one) => (one.type === 'TEXT_MESSAGE_CONTENT' ? one.delta : '')).join('');
  const last = events.at(-1);
  const isWhole = last?.type === 'RUN_FINISHED' && (last.outcome as JsonObject).type === 'success';
  return { end: isWhole ? 'whole' : last?.type === 'RUN_ERROR' ? 'error' : 'none', text, why: last };
}

/** Sends a frame, and gives all that come up to one that ends it. */
async function overSocket(
  path: string,
  frame: object,
  isLast: (frame: JsonObject) => boolean,
  headers: Record<string, string> = {},
): Promise<JsonObject[]> {
  const socket = new WebSocket(served.url + path, { perMessageDeflate: false, headers });
  const frames: JsonObject[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, PATIENCE_MS);
  socket.on('open', () => socket.send(JSON.stringify(frame)));
  socket.on('error', () => resolve());
  socket.on('close', () => resolve());
  socket.on('message', (message) => {
    frames.push(JSON.parse(message.toString()));
    if (isLast(frames.at(-1) as JsonObject)) resolve();
  });
  await promise;
  clearTimeout(timer);
  socket.close();
  return frames;
}

async function readChatSocket(model: string): Promise<Seen> {
  const body = {
    type: 'send',
    requestId: 'q',
    id: model,
    messages: [message],
    trigger: 'submit-message',
    body: { model },
  };
  const frames = await overSocket('/v1/ui/chat', body, ({ type }) => type === 'end' || type === 'error');
  const last = frames.at(-1);
  if (last?.type === 'error') return { end: 'error', text: '', why: last };
  const chunks = frames.flatMap(({ chunk }) => (chunk === undefined ? [] : [chunk as JsonObject]));
  return seenInChat(chunks, last?.type === 'end');
}

async function readRouted(model: string, form: HostileForm): Promise<Seen> {
  const isLast = ({ type }: JsonObject) => /^(error|response\.(completed|failed|incomplete))$/.test(String(type));
  const create = { type: 'response.create', model, input: 'Hello' };
  const frames = await overSocket('/v1/responses', create, isLast, { 'x-trunkline-class': form });
  return seenInResponses(frames);
}

const read: Readonly<Record<Reader, (model: string, form: HostileForm) => Promise<Seen>>> = {
  stream: (model) => readStream(model, {}),
  unstored: (model) => readStream(model, { store: false }),
  background: readBackground,
  routed: readRouted,
  chat: readChat,
  'ag-ui': readAgUi,
  'chat-socket': readChatSocket,
};

async function heardBy(readers: readonly Reader[], name: string, form: HostileForm): Promise<void> {
  const { end, text = HOSTILE_TEXT } = HOSTILE_ANSWERS[name] as (typeof HOSTILE_ANSWERS)[string];
  const seen = await Promise.all(
    readers.map(async (reader) => {
      const one = await read[reader](modelOf(name, form, reader), form).catch(
        (error: Error): Seen => ({ end: 'none', text: '', why: `${error.message} ${error.cause}` }),
      );
      return { reader, ...one };
    }),
  );
  const wrong = seen.filter((one) => one.end !== end || (end === 'whole' && one.text !== text));
  expect(wrong.map((one) => ({ ...one, text: one.text.slice(0, 60) }))).toEqual([]);
}

const isLarge = ([name]: (typeof cases)[number]): boolean => HOSTILE_ANSWERS[name]?.isLarge === true;
const NAME = '%s, in the form of %s, is the same for all readers';

describe.concurrent('an answer that is written badly', { timeout: 2 * PATIENCE_MS }, () => {
  test.each(cases.filter((one) => !isLarge(one)))(NAME, (name, form) => heardBy(readersOf(name, form), name, form));
});

/** One after the other: they take all there is of a processor. */
test.each(cases.filter(isLarge))(NAME, { timeout: 2 * PATIENCE_MS }, async (name, form) => {
  for (const reader of readersOf(name, form)) await heardBy([reader], name, form);
});

test('the ledger has every request once, with what is known of it', async () => {
  const lines = served.lines();
  await served.stop();
  const store = await openStore({ url: 'sqlite', dataDirectory: data });
  const rows = await store.ledger({ limit: 10_000 });
  await store.close();
  expect(rows.map((row) => row.asked).sort()).toEqual([...asked].sort());
  const wrong = rows.flatMap(({ asked: model = '', outcome, usage, flags = [] }) => {
    const [form = '', name = ''] = model.split('.');
    const { billed, end } = HOSTILE_ANSWERS[name] as (typeof HOSTILE_ANSWERS)[string];
    const isExact = usage.inputTokens === 9 && usage.outputTokens === 5 && !flags.includes('no_usage');
    const isNothing = Object.keys(usage).length === 0 && !flags.includes('no_usage');
    const is = isExact ? 'exact' : isNothing ? 'nothing' : flags.includes('no_usage') ? 'estimated' : 'other';
    const isKnown = is === billed && (outcome === 'ok') === (end === 'whole');
    if (isKnown || (outcome === 'cancelled' && notTaken.includes(model))) return [];
    return [{ form, model, is, billed, outcome, usage, flags }];
  });
  expect(wrong).toEqual([]);
  expect(lines.filter(({ level }) => Number(level) >= 50 || level === 'error')).toEqual([]);
});
