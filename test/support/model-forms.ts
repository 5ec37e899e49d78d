// The forms in which an endpoint is asked and answers, for a model of a test: those of chat completions, Anthropic and Gemini.

import { isObject, type JsonObject, objectAt } from '../../codecs/json/object.ts';

interface Tool {
  readonly name: string;
  readonly schema: JsonObject | undefined;
}

export interface Ask {
  /** The text of the last message of the user. */
  readonly text: string;
  /** Output of a tool, where the last message has one. */
  readonly toolOutput: string | undefined;
  readonly tools: readonly Tool[];
  /** The tool that has to be called. */
  readonly forced?: Tool | undefined;
  readonly schema: JsonObject | undefined;
  readonly wantsThought: boolean;
}

export interface Said {
  readonly thought?: string | undefined;
  readonly text?: string;
  readonly call?: { readonly name: string; readonly args: unknown };
}

export interface Form {
  ask(body: JsonObject): Ask;
  whole(said: Said, model: string, body: JsonObject): JsonObject;
  events(said: Said, model: string, body: JsonObject): readonly JsonObject[];
  /** Bytes after the last event. */
  readonly ending?: string;
}

export const list = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

export const textOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : list(content)
        .map(({ text }) => (typeof text === 'string' ? text : ''))
        .join('');

/** Two pieces of a text. */
export const halves = (text: string): readonly string[] => [
  text.slice(0, Math.ceil(text.length / 2)),
  text.slice(Math.ceil(text.length / 2)),
];

const completionsUsage = {
  ...{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

export const completionsForm: Form = {
  ask({ messages, tools, response_format: format, reasoning_effort: effort }) {
    const last = list(messages).at(-1) ?? {};
    const user = list(messages).findLast(({ role }) => role === 'user');
    return {
      text: textOf(user?.content),
      toolOutput: last.role === 'tool' ? textOf(last.content) : undefined,
      tools: list(tools).map(({ function: one }) => toolOf(one, 'parameters')),
      schema: objectAt(isObject(format) ? format : undefined, 'json_schema', 'schema'),
      wantsThought: effort !== undefined,
    };
  },
  whole({ thought, text, call }, model) {
    const message = {
      ...{ role: 'assistant', content: text ?? null, reasoning_content: thought },
      ...(call && { tool_calls: [callOf(call)] }),
    };
    const choices = [{ index: 0, message, finish_reason: call ? 'tool_calls' : 'stop' }];
    return { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model, choices, usage: completionsUsage };
  },
  events({ thought, text, call }, model) {
    const chunk = (delta: JsonObject, finish: string | null = null) => ({
      ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model },
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    return [
      chunk({ role: 'assistant', content: '' }),
      ...(thought ? [chunk({ reasoning_content: thought })] : []),
      ...(text === undefined ? [] : halves(text).map((content) => chunk({ content }))),
      ...(call ? [chunk({ tool_calls: [{ index: 0, ...callOf(call) }] })] : []),
      chunk({}, call ? 'tool_calls' : 'stop'),
      { ...chunk({}), choices: [], usage: completionsUsage },
    ];
  },
  ending: 'data: [DONE]\n\n',
};

const callOf = ({ name, args }: NonNullable<Said['call']>) => ({
  ...{ id: 'call_1', type: 'function' },
  function: { name, arguments: JSON.stringify(args) },
});

const toolOf = (tool: unknown, schema: string): Tool => {
  const given = isObject(tool) ? tool : {};
  return { name: String(given.name), schema: objectAt(given, schema) };
};

const messagesUsage = { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 5 };

export const messagesForm: Form = {
  ask({ messages: given, tools, tool_choice: choice, thinking }) {
    const last = list(list(given).at(-1)?.content).find(({ type }) => type === 'tool_result');
    const user = list(given).findLast(({ role, content }) => role === 'user' && textOf(content) !== '');
    const offered = list(tools).map((tool) => toolOf(tool, 'input_schema'));
    return {
      text: textOf(user?.content),
      toolOutput: last && textOf(last.content),
      tools: offered,
      forced: isObject(choice) && choice.type === 'tool' ? offered.find(({ name }) => name === choice.name) : undefined,
      schema: undefined,
      wantsThought: thinking !== undefined,
    };
  },
  whole({ thought, text, call }, model) {
    const content = [
      ...(thought ? [{ type: 'thinking', thinking: thought, signature: 'signed' }] : []),
      ...(text === undefined ? [] : [{ type: 'text', text }]),
      ...(call ? [{ type: 'tool_use', id: 'toolu_1', name: call.name, input: call.args }] : []),
    ];
    const stop_reason = call ? 'tool_use' : 'end_turn';
    return { id: 'msg_1', type: 'message', role: 'assistant', model, content, stop_reason, usage: messagesUsage };
  },
  events(said, model, body) {
    const { content, stop_reason, ...message } = this.whole(said, model, body);
    return [
      { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
      ...list(content).flatMap((block, index) => [
        { type: 'content_block_start', index, content_block: emptyBlock(block) },
        ...deltasOf(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
        { type: 'content_block_stop', index },
      ]),
      { type: 'message_delta', delta: { stop_reason }, usage: { output_tokens: 5 } },
      { type: 'message_stop' },
    ];
  },
};

function emptyBlock({ type, ...block }: JsonObject): JsonObject {
  if (type === 'tool_use') return { type, ...block, input: {} };
  return type === 'thinking' ? { type, thinking: '', signature: '' } : { type, text: '' };
}

function deltasOf({ type, text, thinking, input }: JsonObject): readonly JsonObject[] {
  if (type === 'tool_use') return [{ type: 'input_json_delta', partial_json: JSON.stringify(input) }];
  if (type === 'text') return halves(String(text)).map((piece) => ({ type: 'text_delta', text: piece }));
  return [
    { type: 'thinking_delta', thinking },
    { type: 'signature_delta', signature: 'signed' },
  ];
}

export const geminiForm: Form = {
  ask({ contents, tools, generationConfig: config }) {
    const last = list(list(contents).at(-1)?.parts).find((part) => isObject(part.functionResponse));
    const user = list(contents).findLast(({ role, parts }) => role === 'user' && textOf(parts) !== '');
    const settings = isObject(config) ? config : undefined;
    return {
      text: textOf(user?.parts),
      toolOutput: last && JSON.stringify(objectAt(last, 'functionResponse', 'response')),
      tools: list(tools).flatMap(({ functionDeclarations: all }) =>
        list(all).map((one) =>
          toolOf(one, one.parametersJsonSchema === undefined ? 'parameters' : 'parametersJsonSchema'),
        ),
      ),
      schema: objectAt(settings, 'responseJsonSchema') ?? objectAt(settings, 'responseSchema'),
      wantsThought: objectAt(settings, 'thinkingConfig') !== undefined,
    };
  },
  whole: (said, model) => geminiReply(partsOf(said), model, 'STOP'),
  events(said, model) {
    const parts = partsOf(said);
    return parts.map((part, at) => geminiReply([part], model, at === parts.length - 1 ? 'STOP' : undefined));
  },
};

const partsOf = ({ thought, text, call }: Said): readonly JsonObject[] => [
  ...(thought ? [{ text: thought, thought: true }] : []),
  ...(text === undefined ? [] : halves(text).map((piece) => ({ text: piece }))),
  ...(call ? [{ functionCall: { name: call.name, args: call.args } }] : []),
];

const geminiReply = (parts: readonly JsonObject[], model: string, finishReason: string | undefined): JsonObject => ({
  ...{ responseId: 'r-1', modelVersion: model },
  candidates: [{ content: { role: 'model', parts }, finishReason }],
  usageMetadata: { promptTokenCount: 10, cachedContentTokenCount: 4, candidatesTokenCount: 3, thoughtsTokenCount: 2 },
});
