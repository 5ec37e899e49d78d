// The mock of an LLM endpoint, in a process of its own: what it is told, and what it says.

import { startRpcProcess } from '../../machine/rpc.ts';

/** Pace of an answer: a whole one comes after all of it, a streamed one token by token. */
export interface LlmPace {
  readonly thinkMs: number;
  readonly tokens: number;
  readonly gapMs: number;
}

/** `fails`: 500; `hangs`: takes the request and never answers; `gone`: nobody listens, as after a crash. */
export type LlmMode = 'answers' | 'fails' | 'hangs' | 'gone';

/** Counts since the last call. */
export interface LlmCounts {
  readonly requests: number;
  /** Answers that were given to the end. */
  readonly answers: number;
  readonly failures: number;
}

export interface LlmOptions {
  readonly pace: LlmPace;
  /** Models that `GET /v1/models` lists. */
  readonly models: readonly string[];
}

export interface MockLlm {
  readonly pid: number;
  readonly port: number;
  pace(pace: LlmPace): Promise<void>;
  /** Requests that hang are broken off when it no longer does. */
  behave(mode: LlmMode): Promise<void>;
  counts(): Promise<LlmCounts>;
  /** The body of the last request. */
  lastBody(): Promise<Readonly<Record<string, unknown>> | undefined>;
  stop(): Promise<void>;
}

/** Prompt and answer of every call, as the mock reports them. */
export const LLM_USAGE = { prompt_tokens: 120, completion_tokens: 24, total_tokens: 144 } as const;
/** The text of every answer: JSON, so that it is a result for side tasks too. */
export const ANSWER_TEXT = JSON.stringify({ said: 'The caller asked about an invoice, and the agent found it.' });

/** Listens on 127.0.0.1, in the shape of OpenAI chat completions, below `/v1`. */
export async function startMockLlm(options: LlmOptions): Promise<MockLlm> {
  const child = startRpcProcess(new URL('./llm-process.ts', import.meta.url), [JSON.stringify(options)]);
  return {
    pid: child.pid,
    port: await child.call<number>('port'),
    pace: (pace) => child.call('pace', pace),
    behave: (mode) => child.call('behave', mode),
    counts: () => child.call('counts'),
    lastBody: () => child.call('lastBody'),
    stop: child.stop,
  };
}
