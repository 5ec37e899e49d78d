// A scripted LLM endpoint of any form: it gives bytes, in turn, and keeps what it was sent.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Writes server-sent events. Those of Responses and Anthropic have their type as their name. */
export const sse = (...events: readonly (object | string)[]): string =>
  events
    .map((event) => {
      const name = typeof event === 'object' && 'type' in event ? `event: ${String(event.type)}\n` : '';
      return `${name}data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`;
    })
    .join('');

export interface EndpointAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** A part that comes a moment later. */
  readonly later?: string;
  /** Nothing comes after the body, and the connection stays. */
  readonly isSilent?: boolean;
  /** The connection breaks after the body. */
  readonly isBroken?: boolean;
}

export interface Endpoint {
  /** `http://127.0.0.1:<port>/v1`. */
  readonly baseUrl: string;
  /** Bodies of the requests, and their paths. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into bodies as it likes
  readonly seen: { readonly path: string; readonly body: any }[];
}

/** Starts an endpoint that gives these answers in turn, the last one again and again, and closes with the test. */
export async function endpoint(...answers: readonly EndpointAnswer[]): Promise<Endpoint> {
  const seen: Endpoint['seen'] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      seen.push({ path: request.url ?? '', body: JSON.parse(text) });
      const answer = answers[Math.min(seen.length, answers.length) - 1] as EndpointAnswer;
      const isStream = !/^\s*\{/.test(answer.body);
      const type = { 'content-type': isStream ? 'text/event-stream' : 'application/json' };
      response.writeHead(answer.status ?? 200, { ...type, ...answer.headers });
      if (answer.later !== undefined)
        response.write(answer.body, () => setTimeout(() => response.end(answer.later), 100));
      else if (answer.isSilent) response.write(answer.body);
      else if (answer.isBroken) response.write(answer.body, () => response.destroy());
      else response.end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, seen };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
