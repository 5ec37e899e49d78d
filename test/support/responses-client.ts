// OpenAI's SDK in front of a router: requests of its Responses API are read as the gateway reads them, and answered by the router alone.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { onTestFinished } from 'vitest';
import { errorEvent } from '../../adapters/llm/index.ts';
import { chatError } from '../../server/http/problem.ts';
import { readResponsesBody } from '../../server/side/http/responses/body.ts';
import type { Answered, Router, StreamHead } from '../../server/side/llm/call.ts';
import type { Failure } from '../../server/side/llm/failure.ts';
import type { Form } from './llm-answers.ts';
import { type EndpointAnswer, endpoint } from './llm-endpoint.ts';
import { call, routing } from './routing.ts';

/** `outcomes`: what became of the calls. */
export async function responsesClient(router: Router) {
  const outcomes: (Answered | Failure)[] = [];
  const server = createServer((request, response) => {
    answer(router, request, response).then(
      (outcome) => outcomes.push(outcome),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return { openai: new OpenAI({ apiKey: 'k', baseURL, maxRetries: 0 }), outcomes };
}

async function answer(router: Router, request: IncomingMessage, response: ServerResponse): Promise<Answered | Failure> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const read = readResponsesBody(JSON.parse(Buffer.concat(parts).toString()), {
    maxTokens: 5000,
    unknownFields: 'drop',
  });
  if (!('responses' in read)) throw new Error(read.message);
  const llm = read.responses.call();
  let head: StreamHead | undefined;
  const sink = {
    asked() {},
    opened() {},
    comment: (bytes: Buffer) => void response.write(bytes),
    begin(begun: StreamHead) {
      head = begun;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
    },
    write: (bytes: Buffer) => void response.write(bytes),
  };
  const outcome = await router.run(call({ llm }), llm.isStreamed ? sink : undefined);
  if (outcome.kind === 'failed') {
    const error = chatError(outcome);
    if (head !== undefined) response.end(head.failed?.(error) ?? errorEvent(error, llm.native));
    else response.writeHead(outcome.status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  } else if (llm.isStreamed) response.end();
  else
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(outcome.bytes ?? JSON.stringify(outcome.completion));
  return outcome;
}

export const prices = { 'served-1': { input: 1, cachedInput: 0.5, output: 10 } };

/** Starts a client of a class whose targets have these profiles and answers. */
export async function clientOf(...targets: readonly (readonly [Form | 'openrouter', EndpointAnswer])[]) {
  const endpoints = await Promise.all(targets.map(([, answer]) => endpoint(answer)));
  const gateways = targets.map(([profile], at) => {
    const baseUrl = endpoints[at]?.baseUrl;
    return [`g${at}`, { profile, baseUrl, apiKey: 'k', allowPrivate: true }] as const;
  });
  const { router, store } = routing({
    gateways: Object.fromEntries(gateways),
    classes: {
      commodity: {
        targets: targets.map((_, at) => ({ gateway: `g${at}`, model: 'model-1', priceAs: 'served-1' })),
        timeoutMs: targets.some(([, { isSilent }]) => isSilent) ? 1000 : 60_000,
      },
    },
    prices,
  });
  return { ...(await responsesClient(router)), endpoints, store, router };
}

/** All events of a stream. */
export async function eventsOf(stream: AsyncIterable<ResponseStreamEvent>): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}
