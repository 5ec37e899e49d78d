// The routed path, looked at from both ends: calls of every class through the gateway, and what came to the mocks behind it.

import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { RunningContender } from '../../bench.ts';
import { wholeAnswer } from '../../load/llm/llm-answer.ts';
import type { MockLlm } from '../../load/load-processes.ts';
import type { Recovery, Routed } from './data.ts';

const REGULATED = 10;
const CALL_EVERY_MS = 10;
const DEAD_MS = 600;
/** A target that is back is tried again after some seconds. */
const BACK_MS = 7000;

interface Mocks {
  readonly router: MockLlm;
  readonly contract: MockLlm;
}

export async function measureRouted(running: RunningContender, mocks: Mocks): Promise<Routed> {
  const ask = asking(running);
  const { router, contract } = mocks;
  const [listed, offered] = [
    {
      router: await modelsOf(`http://127.0.0.1:${router.port}`),
      contract: await modelsOf(`http://127.0.0.1:${contract.port}`),
    },
    await modelsOf(running.url('').replace(/^ws/, 'http'), running.headers),
  ];
  await Promise.all([router.counts(), contract.counts()]);
  const answered = [];
  for (const model of offered) {
    const { status } = await ask({ model, promptClass: 'commodity' });
    if (status === 200) answered.push(model);
  }
  const { requestFields, answerFields } = await depth(ask, router);
  let attemptsSeen = (await router.counts()).requests + (await contract.counts()).requests;
  const refusals = await refuse(ask, mocks);
  const regulated = await regulate(ask, mocks);
  attemptsSeen += refusals.leaked + regulated.cameToRouter + regulated.answered;
  const fallback = await dieAndReturn(ask, router, 'commodity');
  const noFallback = await dieAndReturn(ask, contract, 'contract');
  attemptsSeen += (await router.counts()).requests + (await contract.counts()).requests;
  return {
    listed,
    offered,
    answered,
    fallback,
    noFallback,
    refusals,
    regulated,
    requestFields,
    answerFields,
    attemptsSeen,
  };
}

interface Question {
  readonly promptClass: string;
  readonly model?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly more?: object;
}

type Ask = (question: Question) => Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;

const MESSAGES = [{ role: 'user', content: 'What was the call about?' }];

/** Any fault of the connection is status 0. */
function asking({ chat, headers: own }: RunningContender): Ask {
  return async ({ promptClass, model, headers, more }) => {
    try {
      const response = await fetch(`${chat?.url}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...own, 'x-trunkline-class': promptClass, ...headers },
        body: JSON.stringify({ model: model ?? promptClass, messages: MESSAGES, max_tokens: 32, ...more }),
        signal: AbortSignal.timeout(5000),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    } catch {
      return { status: 0, body: {} };
    }
  };
}

async function modelsOf(origin: string, headers = {}): Promise<readonly string[]> {
  const response = await fetch(`${origin}/v1/models`, { headers });
  const { data = [] } = (await response.json()) as { data?: readonly { id: string }[] };
  return data.map(({ id }) => id);
}

const TOOL = { type: 'function', function: { name: 'invoice', parameters: { type: 'object', properties: {} } } };
const FIELDS = {
  messages: MESSAGES,
  max_tokens: 32,
  temperature: 0.2,
  top_p: 0.9,
  stop: ['END'],
  seed: 7,
  presence_penalty: 0.1,
  frequency_penalty: 0.1,
  logprobs: true,
  top_logprobs: 2,
  user: 'caller-1',
  tools: [TOOL],
  tool_choice: 'auto',
  parallel_tool_calls: false,
  response_format: { type: 'json_object' },
};

/** Compares the fields of a request at the endpoint, and those of its answer at the client, with what was sent. */
async function depth(ask: Ask, router: MockLlm) {
  const { body } = await ask({ promptClass: 'commodity', model: 'bench-small', more: FIELDS });
  const came = (await router.lastBody()) ?? {};
  const changed = Object.entries(FIELDS).filter(([name, value]) => !isDeepStrictEqual(came[name], value));
  const answer = JSON.parse(wholeAnswer('bench-small').toString()) as Record<string, unknown>;
  const kept = Object.entries(answer).filter(([name, value]) => isDeepStrictEqual(body[name], value));
  const sent = Object.keys(FIELDS).length;
  return {
    requestFields: { sent, same: sent - changed.length, changed: changed.map(([name]) => name) },
    answerFields: { sent: Object.keys(answer).length, same: kept.length },
  };
}

/** An unknown class, a model outside of the class, a budget that is used up, regulated text where only a router could serve. */
async function refuse(ask: Ask, { router, contract }: Mocks) {
  const questions: Question[] = [
    { promptClass: 'unknown' },
    { promptClass: 'contract', model: 'bench-large' },
    { promptClass: 'capped' },
    { promptClass: 'capped', headers: { 'x-trunkline-data-class': 'regulated' } },
  ];
  let refused = 0;
  for (const question of questions) {
    const { status } = await ask(question);
    if (status >= 400 && status < 500) refused += 1;
  }
  const leaked = (await router.counts()).requests + (await contract.counts()).requests;
  return { asked: questions.length, refused, leaked };
}

async function regulate(ask: Ask, { router, contract }: Mocks) {
  const headers = { 'x-trunkline-data-class': 'regulated' };
  let answered = 0;
  for (let index = 0; index < REGULATED; index += 1) {
    if ((await ask({ promptClass: 'commodity', headers })).status === 200) answered += 1;
  }
  await contract.counts();
  return { asked: REGULATED, answered, cameToRouter: (await router.counts()).requests };
}

/** A call every 10 ms, while the first target of the class dies, and then comes back. */
async function dieAndReturn(ask: Ask, target: MockLlm, promptClass: string): Promise<Recovery> {
  await ask({ promptClass });
  await target.behave('gone');
  const died = performance.now();
  const calls: Promise<{ readonly status: number; readonly at: number }>[] = [];
  for (; performance.now() - died < DEAD_MS; await delay(CALL_EVERY_MS)) {
    calls.push(ask({ promptClass }).then(({ status }) => ({ status, at: performance.now() })));
  }
  const ended = await Promise.all(calls);
  const right = ended.filter(({ status }) => status === 200);
  await target.behave('answers');
  return {
    recoveredMs: right.length > 0 ? Math.min(...right.map(({ at }) => at)) - died : undefined,
    calls: ended.length,
    failed: ended.length - right.length,
    backMs: right.length < ended.length ? await firstAnswer(ask, promptClass) : undefined,
  };
}

/** Milliseconds. */
async function firstAnswer(ask: Ask, promptClass: string): Promise<number | undefined> {
  const from = performance.now();
  for (; performance.now() - from < BACK_MS; await delay(CALL_EVERY_MS)) {
    if ((await ask({ promptClass })).status === 200) return performance.now() - from;
  }
  return undefined;
}
