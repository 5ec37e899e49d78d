// An LLM endpoint whose answers a test writes byte by byte, for forms and faults that the scripted gateway does not have.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Starts it until the test ends; returns the settings of its LLM gateway. */
export async function writtenAnswers(write: (response: ServerResponse) => unknown, profile = 'openai-compatible') {
  const server = createServer(async (request, response) => {
    await request.resume().toArray();
    await write(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return { profile, baseUrl, apiKey: 'test-key', allowPrivate: true } as const;
}

/** Writes the head of a stream, and returns what writes its events. */
export function eventsTo(response: ServerResponse, type = 'text/event-stream') {
  response.writeHead(200, { 'content-type': type });
  response.flushHeaders();
  return (data: object | string) =>
    response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
}
