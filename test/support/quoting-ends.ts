// A provider, an LLM gateway and a receiver of webhooks that quote in their errors what they were sent, credentials included, as some do.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type LlmGateway, llmGateway } from './llm-gateway.ts';
import { type FakeProvider, startProvider } from './provider.ts';

export interface QuotingEnds {
  /** Refuses upgrades whose URL has `refuse` in it. */
  readonly provider: FakeProvider;
  /** Answers 400 where the model is `wrong`, else 401. */
  readonly llm: LlmGateway;
  /** http://127.0.0.1:port/hook */
  readonly hookUrl: string;
  close(): Promise<void>;
}

const quoted = ({ headers, url }: Pick<IncomingMessage, 'headers' | 'url'>): string => JSON.stringify({ headers, url });

/** `onHook` gets the headers and the body of each webhook. */
export async function startQuotingEnds(onHook: (text: string) => void): Promise<QuotingEnds> {
  const [provider, llm, hook] = await Promise.all([quotingProvider(), quotingLlm(), quotingReceiver(onHook)]);
  return {
    ...{ provider, llm },
    hookUrl: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`,
    async close() {
      hook.closeAllConnections();
      hook.close();
      await Promise.all([provider.close(), llm.close()]);
    },
  };
}

function quotingProvider(): Promise<FakeProvider> {
  return startProvider({
    onUpgrade(request, socket) {
      if (!request.url?.includes('refuse')) return false;
      const body = `{"error":{"message":${JSON.stringify(quoted(request))}}}`;
      const head = `HTTP/1.1 401 Unauthorized\r\nx-request-id: ${request.headers.authorization ?? request.url}\r\n`;
      socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
      return true;
    },
    onSession(ws) {
      ws.send(JSON.stringify({ type: 'session.created', session: { id: 's1', model: 'gpt-realtime' } }));
      ws.on('message', () => ws.send('{"type":"error","error":{"message":"no"}}'));
    },
  });
}

function quotingLlm(): Promise<LlmGateway> {
  return llmGateway({
    script: ({ headers, path, body }) => ({
      status: body.model === 'wrong' ? 400 : 401,
      headers: { 'x-request-id': String(headers.authorization) },
      body: JSON.stringify({ error: { message: quoted({ headers, url: path }), type: 'invalid_request_error' } }),
    }),
  });
}

async function quotingReceiver(onHook: (text: string) => void) {
  const server = createServer(async (request, response) => {
    let text = JSON.stringify(request.headers);
    for await (const chunk of request) text += chunk;
    onHook(text);
    response.writeHead(401, { 'x-echo': String(request.url) }).end(quoted(request));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
