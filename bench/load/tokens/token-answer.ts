// The streams of the mock endpoint of tokens, as events: chat completions, and Responses. The text of each token is its stamp.

import { STAMP_LENGTH, type TokenStamp, tokenStamp } from './token-stamp.ts';

/** One answer as it is written. */
export interface TokenAnswer {
  readonly head: string;
  token(stamp: TokenStamp): string;
  end(): string;
}

const CREATED = 1_700_000_000;

/** https://platform.openai.com/docs/api-reference/chat-streaming */
export function completionTokens(model: string): TokenAnswer {
  const common = { id: 'chatcmpl-Bench00000000000000000001', object: 'chat.completion.chunk', created: CREATED, model };
  const event = (rest: object) => `data: ${JSON.stringify({ ...common, ...rest })}\n\n`;
  const choice = (delta: object, finish: string | null = null) => ({
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  });
  const usage = { prompt_tokens: 120, completion_tokens: 24, total_tokens: 144 };
  const write = pieceWriter((content) => event(choice({ content })));
  return {
    head: event(choice({ role: 'assistant', content: '' })),
    token: write,
    end: () => `${event(choice({}, 'stop'))}${event({ choices: [], usage })}data: [DONE]\n\n`,
  };
}

/** https://platform.openai.com/docs/api-reference/responses-streaming */
export function responseTokens(model: string): TokenAnswer {
  let sequence = 0;
  let text = '';
  const event = (type: string, rest: object) => {
    const data = JSON.stringify({ type, sequence_number: sequence, ...rest });
    sequence += 1;
    return `event: ${type}\ndata: ${data}\n\n`;
  };
  const response = { id: 'resp_Bench0000000000000001', object: 'response', created_at: CREATED, model, error: null };
  const started = { ...response, status: 'in_progress', output: [], usage: null };
  const item = { id: 'msg_Bench0000000000000001', type: 'message', role: 'assistant' };
  const at = { item_id: item.id, output_index: 0, content_index: 0 };
  const part = (said: string) => ({ type: 'output_text', text: said, annotations: [], logprobs: [] });
  const head = [
    event('response.created', { response: started }),
    event('response.in_progress', { response: started }),
    event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', content: [] } }),
    event('response.content_part.added', { ...at, part: part('') }),
  ];
  const tokens = (delta: string) => event('response.output_text.delta', { ...at, delta, logprobs: [] });
  return {
    head: head.join(''),
    token(stamp) {
      const delta = tokenStamp(stamp);
      text += delta;
      return tokens(delta);
    },
    end() {
      const whole = { ...item, status: 'completed', content: [part(text)] };
      return [
        event('response.output_text.done', { ...at, text, logprobs: [] }),
        event('response.content_part.done', { ...at, part: part(text) }),
        event('response.output_item.done', { output_index: 0, item: whole }),
        event('response.completed', { response: { ...started, status: 'completed', output: [whole], usage: USAGE } }),
      ].join('');
    },
  };
}

const USAGE = {
  input_tokens: 120,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 24,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 144,
};

/** Writes an event around each stamp, without making it anew. */
function pieceWriter(event: (text: string) => string): TokenAnswer['token'] {
  const mark = 'x'.repeat(STAMP_LENGTH);
  const [before = '', after = ''] = event(mark).split(mark);
  return (stamp) => before + tokenStamp(stamp) + after;
}
