// Steering of routed responses: what is taken and what is told, and the SDK of OpenAI that steers answers of a whole gateway.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import type { ResponsesServerEvent } from 'openai/resources/responses/responses';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../../codecs/json/object.ts';
import { Steering } from '../../../../../server/side/http/responses/steering.ts';
import { chunk } from '../../../../support/messages-form.ts';
import { killAll } from '../../../../support/processes.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const steer = (input: unknown, more: object = {}): JsonObject => ({
  ...{ type: 'response.steer', previous_response_id: 'resp_1', input, ...more },
});
const failedAs = (code: string) => ({ event: { type: 'response.steer.failed', error: { code } } });
const completed = (...output: object[]) => ({ id: 'resp_1', status: 'completed', output });

const asked = { model: 'm', instructions: 'Be brief.', input: 'Hello', previous_response_id: 'resp_0' };

function steering(): Steering {
  const made = new Steering(10_000);
  made.begun('resp_1', asked, 'a');
  made.sent('resp_1', 7);
  return made;
}

describe('what a client adds', () => {
  test('is accepted in the lane of its response, and comes into a request with the same settings', () => {
    const made = steering();
    const { event, lane } = made.take(steer('Shorter'));
    expect({ event, lane }).toEqual({
      event: {
        ...{ type: 'response.steer.accepted', sequence_number: 7 },
        steer: { id: expect.stringMatching(/^steer_[0-9a-f]{32}$/), previous_response_id: 'resp_1' },
      },
      lane: 'a',
    });
    const image = { role: 'user', content: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }] };
    made.take(steer([image]));
    expect(made.ended('resp_1', completed({ type: 'message' }), asked)).toEqual({
      told: [],
      next: {
        ...{ model: 'm', instructions: 'Be brief.', previous_response_id: 'resp_1' },
        input: [{ type: 'message', role: 'user', content: 'Shorter' }, image],
      },
    });
  });

  test.each([
    ['for a response that is none of the socket', { previous_response_id: 'resp_2' }, 'response_not_found'],
    ['with another field', { stream_id: 'a' }, 'invalid_input'],
    ['without input', { input: '' }, 'invalid_input'],
    ['as a list of nothing', { input: [] }, 'invalid_input'],
    ['of another role', { input: [{ role: 'system', content: 'x' }] }, 'invalid_input'],
    ['as the output of a tool', { input: [{ type: 'function_call_output', call_id: 'c' }] }, 'invalid_input'],
    [
      'with a file elsewhere',
      { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] },
      'invalid_input',
    ],
    ['beyond a body', { input: 'x'.repeat(10_001) }, 'too_many_pending_steers'],
  ])('%s comes back', (_, more, code) => {
    expect(steering().take(steer('x', more))).toMatchObject(failedAs(code));
  });

  test('comes back beyond the most, after the end, and where the response fails', () => {
    const made = steering();
    for (let count = 0; count < 16; count++) expect(made.take(steer('x')).event.type).toBe('response.steer.accepted');
    expect(made.take(steer('x'))).toMatchObject(failedAs('too_many_pending_steers'));
    const { told, next } = made.ended('resp_1', { status: 'failed', output: [] }, asked);
    expect([told.length, next]).toEqual([16, undefined]);
    expect(told[0]).toMatchObject({
      event: { error: { code: 'response_not_active' }, steer: { id: expect.any(String), input: 'x' } },
    });
    expect(made.take(steer('x'))).toMatchObject(failedAs('response_already_completed'));
  });

  test('waits where tools of the client are called, and comes between the outputs that they gave and what is new', () => {
    const made = steering();
    made.take(steer('Shorter'));
    const call = { type: 'function_call', call_id: 'c', name: 'look' };
    expect(made.ended('resp_1', completed(call), asked)).toMatchObject({
      told: [
        {
          event: {
            ...{ type: 'response.steer.pending', reason: 'waiting_for_required_input' },
            required_input: [{ type: 'function_call_output', call_id: 'c', name: 'look' }],
          },
        },
      ],
    });
    const output = { type: 'function_call_output', call_id: 'c', output: 'seen' };
    const next = { role: 'user', content: 'And?' };
    const request = { previous_response_id: 'resp_1', input: [output, next] };
    expect(made.continued(request, 'b')).toBe(request);
    const whole = made.continued(request, 'a');
    const waited = { type: 'message', role: 'user', content: 'Shorter' };
    expect(whole.input).toEqual([output, waited, next]);
    expect(made.continued({ ...request, input: 'And?' }, 'a').input).toEqual([waited, { ...waited, content: 'And?' }]);
    made.begun('resp_2', whole, 'a');
    expect(made.continued(request, 'a')).toBe(request);
  });

  test('comes back where the request that brings it in is refused', () => {
    const made = steering();
    made.take(steer('Shorter'));
    const { next = {} } = made.ended('resp_1', completed(), asked);
    expect(made.continued(next, 'a')).toBe(next);
    expect(made.refused(next, { status: 403, code: 'policy_refused', message: 'not now' })).toMatchObject([
      { event: { error: { code: 'successor_creation_failed', message: 'not now' }, steer: { input: 'Shorter' } } },
    ]);
    expect(made.refused({ input: 'x' }, { status: 400, code: 'x', message: 'x' })).toBeUndefined();
  });
});

test('responses that ended are forgotten in time, and those with something that waits are not', () => {
  const made = steering();
  made.take(steer('Shorter'));
  made.ended('resp_1', completed({ type: 'function_call', call_id: 'c' }), asked);
  for (let count = 2; count < 100; count++) {
    made.begun(`resp_${count}`, {}, 'a');
    made.ended(`resp_${count}`, completed(), {});
  }
  expect(made.take(steer('x', { previous_response_id: 'resp_2' }))).toMatchObject(failedAs('response_not_found'));
  expect(made.continued({ previous_response_id: 'resp_1' }, 'a').input).toHaveLength(1);
});

test('no more responses are waited for than a socket may hold, until one of them goes on', () => {
  const made = steering();
  const call = completed({ type: 'function_call', call_id: 'c' });
  const steered = (count: number) => {
    made.begun(`resp_${count}`, {}, 'a');
    const { event } = made.take(steer('x', { previous_response_id: `resp_${count}` }));
    made.ended(`resp_${count}`, call, {});
    return event;
  };
  for (let count = 2; count < 34; count++) expect(steered(count).type).toBe('response.steer.accepted');
  expect(steered(34)).toMatchObject({
    error: { code: 'too_many_pending_steers', message: expect.stringContaining('at most 32 responses') },
  });
  made.begun('resp_35', { previous_response_id: 'resp_2' }, 'a');
  expect(steered(36).type).toBe('response.steer.accepted');
});

test('what waits for all responses of a socket together is no longer than a body', () => {
  const made = steering();
  made.begun('resp_2', {}, 'b');
  expect(made.take(steer('x'.repeat(6000))).event.type).toBe('response.steer.accepted');
  const { event } = made.take(steer('x'.repeat(6000), { previous_response_id: 'resp_2' }));
  expect(event).toMatchObject({
    error: { code: 'too_many_pending_steers', message: expect.stringContaining('10000 characters') },
  });
});

/** A model whose first answer waits in its middle. */
const gate = Promise.withResolvers<void>();
const seen: JsonObject[] = [];
let model: Server;
let served: Served;
beforeAll(async () => {
  model = createServer(async (request, response) => {
    seen.push(JSON.parse(Buffer.concat(await request.toArray()).toString()));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const write = (data: object) => response.write(`data: ${JSON.stringify(data)}\n\n`);
    write(chunk({ role: 'assistant', content: 'Half ' }));
    if (seen.length === 1) await gate.promise;
    write(chunk({ content: 'and half.' }));
    write(chunk({}, 'stop'));
    response.end('data: [DONE]\n\n');
  });
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`;
  served = await serve({
    keys: [{ id: 'app', secret: 'app-secret', responses: 'routed' }],
    gateways: { one: { profile: 'openai-compatible', baseUrl, apiKey: 'x', allowPrivate: true } },
    classes: { plain: { targets: [{ gateway: 'one', model: 'm' }], unknownPrice: 'allow' } },
    tasks: [],
  });
});
afterAll(async () => {
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  model?.closeAllConnections();
  model?.close();
});

test('the SDK steers an answer that runs: a response goes on from it with what was added', async () => {
  const baseURL = `${served.url.replace('ws', 'http')}/v1`;
  const client = new ResponsesWS(new OpenAI({ baseURL, apiKey: 'app-secret' }));
  const events: ResponsesServerEvent[] = [];
  client.on('event', (event) => void events.push(event));
  const typed = (type: string) => events.filter((event) => event.type === type);
  client.send({ type: 'response.create', model: 'm', input: 'Plan it', instructions: 'Be brief.', store: false });
  await until(() => typed('response.output_text.delta').length === 1);
  const [created] = typed('response.created') as { response: { id: string } }[];
  const previous_response_id = created?.response.id ?? '';
  client.send({ type: 'response.steer', previous_response_id, input: 'Keep it small' });
  await until(() => typed('response.steer.accepted').length === 1);
  gate.resolve();
  await until(() => typed('response.completed').length === 2);
  expect(typed('response.created')[1]).toMatchObject({ response: { previous_response_id, instructions: 'Be brief.' } });
  expect(seen[1]?.messages).toMatchObject([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Plan it' },
    { role: 'assistant', content: 'Half and half.' },
    { role: 'user', content: 'Keep it small' },
  ]);
  expect(typed('error')).toEqual([]);
  client.close();
});
