// The routed path, looked at from both ends: calls of every class through the gateway, and what came to the mocks behind it.

import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { RunningContender } from '../../bench.ts';
import { wholeAnswer } from '../../load/llm/llm-answer.ts';
import type { MockLlm } from '../../load/load-processes.ts';

const REGULATED = 10;
const CALL_EVERY_MS = 10;
const DEAD_MS = 600;
/** A target that is back is tried again after some seconds. */
const BACK_MS = 7000;

interface Mocks {
  readonly router: MockLlm;
  readonly contract: MockLlm;
}

export async function measureRouted(running: RunningContender, mocks: Mocks) {
  const ask = asking(running);
  const { router, contract } = mocks;
  const listed = { router: await modelsOf(router.port), contract: await modelsOf(contract.port) };
  const all = [...listed.router, ...listed.contract];
  // The gateway lists names of classes, too, which are no models of their own.
  const names = await modelsOf(Number(new URL(running.url('')).port), running.headers);
  const offered = names.filter((name) => all.includes(name));
  await requestsTo(mocks);
  const statuses = await statusesOf(
    ask,
    offered.map((model) => ({ model, promptClass: 'commodity' })),
  );
  const depth = await fieldsKept(ask, router);
  const before = await requestsTo(mocks);
  const refusals = await refuse(ask, mocks);
  const regulated = await regulate(ask, mocks);
  const fallback = await dieAndReturn(ask, router, 'commodity');
  const noFallback = await dieAndReturn(ask, contract, 'contract');
  const since = refusals.leaked + regulated.cameToRouter + regulated.answered;
  return {
    /** Models by the LLM gateway that lists them. */
    listed,
    /** Models that the key may ask for. */
    offered,
    /** Models that answered one and the same request. */
    answered: offered.filter((_, index) => statuses[index] === 200),
    ...{ fallback, noFallback, refusals, regulated, ...depth },
    /** Requests that came to the endpoints, without those that a dead one never saw. */
    attemptsSeen: before + since + (await requestsTo(mocks)),
  };
}

/** Requests since the last look. */
const requestsTo = async ({ router, contract }: Mocks): Promise<number> =>
  (await router.counts()).requests + (await contract.counts()).requests;

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

/** Asks one after the other. */
const statusesOf = (ask: Ask, questions: Iterable<Question>): Promise<number[]> =>
  Array.fromAsync(questions, async (question) => (await ask(question)).status);

async function modelsOf(port: number, headers = {}): Promise<readonly string[]> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/models`, { headers });
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
async function fieldsKept(ask: Ask, router: MockLlm) {
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
async function refuse(ask: Ask, mocks: Mocks) {
  const questions: Question[] = [
    { promptClass: 'unknown' },
    { promptClass: 'contract', model: 'bench-large' },
    { promptClass: 'capped' },
    { promptClass: 'capped', headers: { 'x-trunkline-data-class': 'regulated' } },
  ];
  const statuses = await statusesOf(ask, questions);
  const refused = statuses.filter((status) => status >= 400 && status < 500).length;
  return { asked: questions.length, refused, leaked: await requestsTo(mocks) };
}

async function regulate(ask: Ask, { router, contract }: Mocks) {
  const question = { promptClass: 'commodity', headers: { 'x-trunkline-data-class': 'regulated' } };
  const statuses = await statusesOf(ask, Array(REGULATED).fill(question));
  await contract.counts();
  const answered = statuses.filter((status) => status === 200).length;
  return { asked: REGULATED, answered, cameToRouter: (await router.counts()).requests };
}

/** Calls while a target was dead, and after it had come back. */
export interface Recovery {
  /** Time from the target's death to the next right answer; undefined when there was none while it was dead. */
  readonly recoveredMs: number | undefined;
  readonly calls: number;
  readonly failed: number;
  /** Time from its return to the next right answer; undefined when it was never missed, or was not back within seven seconds. */
  readonly backMs: number | undefined;
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
