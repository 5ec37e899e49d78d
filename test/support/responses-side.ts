// The Responses API of the side path over a real socket, on a store of its own, with answers that a test writes.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { openStore } from '../../server/side/store/open.ts';
import { responsesRouter, type ScriptedAnswer } from './scripted-responses.ts';
import { startSideHttp } from './side-http.ts';
import { temporaryFolder } from './temporary-folder.ts';

const file = {
  gateways: { router: { profile: 'openai-compatible', baseUrl: 'https://llm.example/v1', apiKey: 'x' } },
  classes: { plain: { targets: [{ gateway: 'router', model: 'm' }] } },
  keys: [
    { id: 'web', secret: 'web-secret' },
    { id: 'other', secret: 'other-secret' },
    { id: 'quiet', secret: 'quiet-secret', transcripts: 'off' },
  ],
  side: { keepAliveMs: 60_000 },
};

interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly delta?: string;
  readonly response?: { readonly id: string; readonly status: string };
}

/** The events of a stream, to its end. */
export async function eventsOf(reply: Response): Promise<ResponseEvent[]> {
  const text = await reply.text();
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => JSON.parse(block.slice(block.indexOf('data: ') + 6)));
}

export const errorOf = async (reply: Response): Promise<{ readonly code: string; readonly param: string | null }> =>
  ((await reply.json()) as { error: { code: string; param: string | null } }).error;

/** Answers whole calls, and streams in which three words come at once. */
export function answerAtOnce(answer: ScriptedAnswer): void {
  if (!answer.call.llm.isStreamed) {
    answer.whole();
    return;
  }
  answer.begin();
  answer.say(3);
  answer.complete();
}

/** `more`: of the YAML file, as data. */
export async function startResponses(more: Record<string, unknown> = {}) {
  let script: (answer: ScriptedAnswer) => void = answerAtOnce;
  const { router, answers } = responsesRouter((answer) => script(answer));
  const dataDirectory = mkdtempSync(join(temporaryFolder('responses'), 'data-'));
  const store = await openStore({ url: 'sqlite', dataDirectory });
  const side = await startSideHttp({ file: { ...file, ...more }, store, router });
  return {
    answers,
    http: side.http,
    store,
    /** Says how the next answers go. */
    script(next: (answer: ScriptedAnswer) => void): void {
      script = next;
    },
    lastAnswer(): ScriptedAnswer {
      const answer = answers.at(-1);
      if (answer === undefined) throw new Error('no call was made');
      return answer;
    },
    client: (apiKey = 'web-secret') => new OpenAI({ apiKey, baseURL: `${side.http}/v1`, maxRetries: 0 }),
    ask: (json: object, key = 'web-secret', init: RequestInit = {}) =>
      side.ask('/v1/responses', { method: 'POST', key, json: { model: 'm', ...json }, ...init }),
    get: (path: string, key = 'web-secret', init: RequestInit = {}) =>
      side.ask(`/v1/responses/${path}`, { key, ...init }),
    delete: (id: string, key = 'web-secret') => side.ask(`/v1/responses/${id}`, { method: 'DELETE', key }),
    async close(): Promise<void> {
      await side.close();
      await store.close();
    },
  };
}
