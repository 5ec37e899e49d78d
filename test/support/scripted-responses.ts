// A router whose answers are streams of Responses events, which a test sends one by one, and whole ones.

import type { Answered, Call, StreamSink } from '../../server/side/llm/call.ts';
import type { Failure } from '../../server/side/llm/failure.ts';
import { aFailure, answered, scriptedRouter } from './side-http.ts';

/** An answer that a test writes. It ends with its caller. */
export class ScriptedAnswer {
  readonly call: Call;
  readonly #sink: StreamSink | undefined;
  readonly #end = Promise.withResolvers<Answered | Failure>();
  #sequence = 0;
  #hasBegun = false;

  constructor(call: Call, sink: StreamSink | undefined) {
    this.call = call;
    this.#sink = sink;
    sink?.asked();
    call.signal.addEventListener('abort', () => this.#end.resolve(aFailure('cancelled')), { once: true });
  }

  get ended(): Promise<Answered | Failure> {
    return this.#end.promise;
  }

  send(type: string, fields: object = {}): void {
    if (!this.#hasBegun)
      this.#sink?.begin({ gateway: 'router', model: 'some/model', attempt: '0190-attempt', failed: () => undefined });
    this.#hasBegun = true;
    const event = { type, sequence_number: this.#sequence++, ...fields };
    this.#sink?.write(Buffer.from(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`));
  }

  begin(): void {
    this.send('response.created', { response: response('in_progress', []) });
  }

  /** Sends so many deltas of text: `w0 `, `w1 `, ... */
  say(count: number, from = 0): void {
    for (let at = from; at < from + count; at++) this.send('response.output_text.delta', { delta: `w${at} ` });
  }

  complete(text = 'A scripted answer.'): void {
    const item = messageItem(text);
    this.send('response.output_item.done', { output_index: 0, item });
    this.send('response.completed', { response: response('completed', [item]) });
    this.#end.resolve(answered(text));
  }

  /** Answers a call for a whole answer. */
  whole(text = 'A scripted answer.'): void {
    this.#end.resolve(answered(text, { completion: response('completed', [messageItem(text)]) }));
  }

  fail(code: Failure['code']): void {
    this.#end.resolve(aFailure(code));
  }
}

/** `onAnswer` is called for each call, before anything of its answer. */
export function responsesRouter(onAnswer: (answer: ScriptedAnswer) => void = () => {}) {
  const answers: ScriptedAnswer[] = [];
  const router = scriptedRouter((call, sink) => {
    const answer = new ScriptedAnswer(call, sink);
    answers.push(answer);
    onAnswer(answer);
    return answer.ended;
  });
  return { router, answers };
}

const messageItem = (text: string) => ({
  id: 'msg_upstream',
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [] }],
});

const response = (status: string, output: readonly object[]) => ({
  id: 'resp_upstream',
  object: 'response',
  created_at: 1,
  status,
  error: null,
  incomplete_details: null,
  model: 'some/model',
  output,
  store: false,
  usage: status === 'completed' ? { input_tokens: 3, output_tokens: 2, total_tokens: 5 } : null,
});
