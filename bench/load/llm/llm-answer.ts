// The answers of the mock LLM as bytes, ready before the first question: chat completions, whole and streamed.

/** Prompt and answer of every call, as the mock reports them. */
export const LLM_USAGE = { prompt_tokens: 120, completion_tokens: 24, total_tokens: 144 } as const;
/** The text of every answer: JSON, so that it is a result for side tasks too. */
export const ANSWER_TEXT = JSON.stringify({ said: 'The caller asked about an invoice, and the agent found it.' });

const common = { id: 'chatcmpl-Bench00000000000000000001', created: 1_700_000_000 };

export const wholeAnswer = (model: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      ...common,
      object: 'chat.completion',
      model,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: ANSWER_TEXT, refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: LLM_USAGE,
    }),
  );

/** One chunk for each token, and what closes the stream: the reason, the usage, the mark of its end. */
export function streamedAnswer(
  model: string,
  tokens: number,
): { readonly tokens: readonly Buffer[]; readonly end: Buffer } {
  const event = (rest: object) =>
    `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', model, ...rest })}\n\n`;
  const choice = (delta: object, finish: string | null = null) => ({
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  });
  const pieces = piecesOf(ANSWER_TEXT, tokens);
  const end = `${event(choice({}, 'stop'))}${event({ choices: [], usage: LLM_USAGE })}data: [DONE]\n\n`;
  return {
    tokens: pieces.map((content, index) =>
      Buffer.from(event(choice(index === 0 ? { role: 'assistant', content } : { content }))),
    ),
    end: Buffer.from(end),
  };
}

/** Cuts a text into that many pieces; those beyond its length are empty. */
export function piecesOf(text: string, count: number): string[] {
  const cut = (index: number) => Math.round((index * text.length) / count);
  return Array.from({ length: count }, (_, index) => text.slice(cut(index), cut(index + 1)));
}
