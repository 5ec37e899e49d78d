// An LLM endpoint on loopback that answers like a very simple model, in the four forms that endpoints speak, and keeps what it was asked.
// It answers a tool's output with that output, asks for a tool where the text names one, fills a schema, and repeats the text else.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../codecs/json/object.ts';
import { type Ask, completionsForm, type Form, geminiForm, messagesForm, type Said } from './model-forms.ts';
import { compaction, responsesForm } from './model-responses.ts';

type FormName = 'responses' | 'completions' | 'messages' | 'gemini';

const FORMS: Readonly<Record<FormName, Form>> = {
  responses: responsesForm,
  completions: completionsForm,
  messages: messagesForm,
  gemini: geminiForm,
};

export interface Asked {
  readonly form: FormName;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: JsonObject;
}

export interface ModelEndpoint {
  /** Settings of an LLM gateway for each form. */
  readonly gateways: Readonly<Record<FormName, JsonObject>>;
  /** All requests, the newest last. */
  readonly seen: readonly Asked[];
  close(): Promise<void>;
}

const PROFILES: Readonly<Record<FormName, string>> = {
  responses: 'openai',
  completions: 'openai-compatible',
  messages: 'anthropic',
  gemini: 'gemini',
};

export async function modelEndpoint(): Promise<ModelEndpoint> {
  const seen: Asked[] = [];
  const server = createServer(async (request, response) => {
    const form = formOf(request.url ?? '');
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as JsonObject;
    seen.push({ form, headers: request.headers, body });
    if (request.url?.endsWith('/responses/compact')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify(compaction));
    }
    const answers = FORMS[form];
    const said = sayTo(answers.ask(body));
    const model = String(body.model ?? 'gemini-x');
    if (body.stream !== true && !request.url?.includes('stream')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify(answers.whole(said, model, body)));
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of answers.events(said, model, body)) response.write(`${namedEvent(form, event)}\n\n`);
    response.end(answers.ending ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const gateway = (form: FormName) => ({ profile: PROFILES[form], baseUrl, apiKey: 'test-key', allowPrivate: true });
  return {
    gateways: {
      responses: gateway('responses'),
      completions: gateway('completions'),
      messages: gateway('messages'),
      gemini: gateway('gemini'),
    },
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function formOf(url: string): FormName {
  if (url.includes('enerateContent')) return 'gemini';
  if (url.endsWith('/responses')) return 'responses';
  return url.endsWith('/messages') ? 'messages' : 'completions';
}

const namedEvent = (form: FormName, event: JsonObject): string =>
  `${form === 'responses' || form === 'messages' ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}`;

function sayTo({ text, toolOutput, tools, forced, schema, wantsThought }: Ask): Said {
  const thought = wantsThought ? 'I think about it.' : undefined;
  if (forced !== undefined) return { call: { name: forced.name, args: fillSchema(forced.schema) } };
  if (toolOutput !== undefined && schema === undefined) return { thought, text: `The tool said ${toolOutput}` };
  const tool = tools.find(({ name }) => text.toLowerCase().includes(name.split('_').at(-1)?.toLowerCase() ?? name));
  if (tool && toolOutput === undefined) return { thought, call: { name: tool.name, args: fillSchema(tool.schema) } };
  return { thought, text: schema === undefined ? `You wrote: ${text}` : JSON.stringify(fillSchema(schema)) };
}

/** A value of a JSON schema. */
function fillSchema(schema: JsonObject = {}): unknown {
  if (Array.isArray(schema.enum)) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries((schema.properties ?? {}) as Record<string, JsonObject>).map(([name, of]) => [
          name,
          fillSchema(of),
        ]),
      );
    case 'array':
      return [fillSchema(schema.items as JsonObject)];
    case 'number':
    case 'integer':
      return 7;
    case 'boolean':
      return true;
    default:
      return 'Bonn';
  }
}
