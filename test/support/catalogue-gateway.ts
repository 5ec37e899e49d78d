// An LLM gateway on loopback with a catalogue: it lists as many models as a test says, in pages, and answers calls as scripted ones do.

import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** An entry in the form of OpenRouter. */
export const entry = (id: string, more: object = {}) => ({
  id,
  created: 1_700_000_000,
  context_length: 128_000,
  architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
  pricing: { prompt: '0.000001', completion: '0.000002' },
  supported_parameters: ['tools'],
  ...more,
});

/** `vendor-0/model-0`, `vendor-1/model-1`, ..., of twelve vendors. */
export const manyEntries = (count: number) =>
  Array.from({ length: count }, (_, at) => entry(`vendor-${at % 12}/model-${at}`));

export interface CatalogueGateway {
  readonly baseUrl: string;
  /** Requests for a page of the list: path with query, and headers. */
  readonly asked: { readonly url: string; readonly headers: IncomingHttpHeaders }[];
  /** Models of the calls. */
  readonly called: string[];
  entries: readonly object[];
  /** A status other than 200 for the list. */
  status: number;
  /** The body of the list, verbatim. */
  body: string | undefined;
  pageSize: number;
}

export async function catalogueGateway(entries: readonly object[]): Promise<CatalogueGateway> {
  const server = createServer((request, response) => {
    const json = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    const url = new URL(request.url ?? '/', 'http://gateway');
    if (request.method === 'GET') {
      gateway.asked.push({ url: request.url ?? '', headers: request.headers });
      if (gateway.status !== 200) return json(gateway.status, { error: { message: 'not now' } });
      const from = Number(url.searchParams.get('offset') ?? 0);
      const data = gateway.entries.slice(from, from + gateway.pageSize);
      const next = from + gateway.pageSize;
      const links = next < gateway.entries.length ? { next: `/v1/models?offset=${next}` } : {};
      return json(200, gateway.body ?? { data, links });
    }
    const pieces: Buffer[] = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const { model } = JSON.parse(Buffer.concat(pieces).toString());
      gateway.called.push(model);
      const message = { role: 'assistant', content: 'Yes.' };
      const usage = { prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 };
      json(200, {
        id: 'x',
        object: 'chat.completion',
        model,
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const gateway: CatalogueGateway = {
    baseUrl,
    asked: [],
    called: [],
    entries,
    status: 200,
    body: undefined,
    pageSize: 500,
  };
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return gateway;
}

/** The settings of an LLM gateway for one of these. */
export const cataloguedAt = ({ baseUrl }: CatalogueGateway, more: object = {}) =>
  ({ profile: 'openrouter', baseUrl, apiKey: 'test-key', allowPrivate: true, ...more }) as const;
