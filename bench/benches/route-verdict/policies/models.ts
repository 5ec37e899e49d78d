// Models of the bench behind one endpoint: what each gets right is drawn from its ability by a seed, so that all policies meet the same answers.
// Rule: a model has one answer to a task, however often it is asked.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import type { BenchContext } from '../../../bench.ts';
import { randomFrom } from '../../../figures/statistics.ts';
import type { KnownTask } from './tasks.ts';

/** Shares of the answers that are right, and that have not even the form that was asked for; the others are wrong. */
interface Skill {
  readonly right: number;
  readonly misfit: number;
}

interface Model {
  readonly easy: Skill;
  readonly hard: Skill;
  readonly thinkMs: number;
  /** USD per million tokens. */
  readonly price: { readonly input: number; readonly output: number };
}

export const SMALL = 'bench-small';
export const STRONG = 'bench-strong';
/** Says how hard a task is: its right answers are right verdicts. */
export const SORTER = 'bench-sorter';

export const MODELS: Readonly<Record<string, Model>> = {
  [SMALL]: {
    easy: { right: 0.97, misfit: 0.02 },
    hard: { right: 0.4, misfit: 0.35 },
    thinkMs: 10,
    price: { input: 0.15, output: 0.6 },
  },
  [STRONG]: {
    easy: { right: 0.99, misfit: 0 },
    hard: { right: 0.96, misfit: 0.01 },
    thinkMs: 40,
    price: { input: 2.5, output: 10 },
  },
  [SORTER]: {
    easy: { right: 0.92, misfit: 0.01 },
    hard: { right: 0.9, misfit: 0.01 },
    thinkMs: 5,
    price: { input: 0.05, output: 0.2 },
  },
};

type Drawn = 'right' | 'wrong' | 'misfit';

interface ServedModels {
  readonly port: number;
  /** Requests since the start. */
  requests(): number;
}

export async function startModels(
  context: Pick<BenchContext, 'own'>,
  tasks: readonly KnownTask[],
  seed: number,
): Promise<ServedModels> {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const drawn = drawAll(tasks, seed);
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response, (model, text) => {
      const task = byId.get(/T-\d{4,}/.exec(text)?.[0] ?? '');
      const how = drawn.get(model)?.get(task?.id ?? '');
      return task && how && textOf(task, model, how);
    }).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.own({
    stop() {
      server.closeAllConnections();
      server.close();
    },
  });
  return { port: (server.address() as { port: number }).port, requests: () => requests };
}

/** Answers of each model by the id of the task. */
function drawAll(tasks: readonly KnownTask[], seed: number): ReadonlyMap<string, ReadonlyMap<string, Drawn>> {
  const next = randomFrom(seed + 1);
  const draw = ({ right, misfit }: Skill): Drawn => {
    const at = next();
    return at < right ? 'right' : at < right + misfit ? 'misfit' : 'wrong';
  };
  return new Map(
    Object.entries(MODELS).map(([name, { easy, hard }]) => [
      name,
      new Map(tasks.map(({ id, isHard }) => [id, draw(isHard ? hard : easy)])),
    ]),
  );
}

function textOf(task: KnownTask, model: string, how: Drawn): string {
  if (how === 'misfit') return `I would say that it is ${JSON.stringify(task.answer).slice(0, 20)}`;
  const isRight = how === 'right';
  if (model === SORTER) return JSON.stringify({ verdict: task.isHard === isRight ? 'hard' : 'easy' });
  return JSON.stringify(isRight ? task.answer : task.wrong);
}

/** Letters of a token, about. */
const TOKEN_CHARS = 4;
const tokensOf = (text: string): number => Math.ceil(text.length / TOKEN_CHARS);

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  say: (model: string, text: string) => string | undefined,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { model, messages } = JSON.parse(Buffer.concat(chunks).toString()) as {
    readonly model: string;
    readonly messages: readonly JsonObject[];
  };
  const asked = messages.map(({ content }) => String(content)).join('\n');
  const content = say(model, asked);
  await delay(MODELS[model]?.thinkMs ?? 0);
  const [prompt, completion] = [tokensOf(asked), tokensOf(content ?? '')];
  const body = {
    ...{ id: 'chatcmpl-bench', object: 'chat.completion', created: 1_700_000_000, model },
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  };
  response
    .writeHead(content === undefined ? 400 : 200, { 'content-type': 'application/json' })
    .end(JSON.stringify(content === undefined ? { error: { message: 'no such task' } } : body));
}
