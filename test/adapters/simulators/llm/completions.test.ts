// The answers of the rehearsal's LLM gateway for typical calls: a typed one, and a spoken one without a transcript.

import { describe, expect, test } from 'vitest';
import { completionReply } from '../../../../adapters/simulators/llm/completions.ts';
import type { TaskConfig } from '../../../../server/config/side-schema.ts';
import { parseAnswer } from '../../../../server/side/prompts/answer.ts';
import { BUILT_IN_KINDS, builtInKind } from '../../../../server/side/prompts/built-in-kinds.ts';
import { type TaskKind, taskKind } from '../../../../server/side/prompts/kinds.ts';
import { dataMessage } from '../../../../server/side/prompts/messages.ts';
import { asDialogue, spokenLines } from '../../../../server/side/prompts/prompt-input.ts';

type Exchanges = readonly (readonly [user: string, assistant: string])[];

const typed: Exchanges = [
  [
    'Hello, my name is Anna Berg. My internet has been broken since Monday and nobody has called me back.',
    'This is the rehearsal provider. You wrote: Hello, my name is Anna Berg. My internet has been broken ...',
  ],
  ['Please send a technician tomorrow. My customer number is 4711.', 'I will book a technician for tomorrow.'],
  ['Great, thank you, that is all.', 'This is the rehearsal provider. You wrote: Great, thank you, that is all.'],
];
const spoken: Exchanges = [['(3 seconds of speech)', 'This is the rehearsal provider. I heard 3 seconds of speech.']];
const short: Exchanges = [
  ['What are your opening hours?', 'This is the rehearsal provider. You wrote: What are your opening hours?'],
];

function kindFor(settings: Partial<TaskConfig> & { kind: string }): TaskKind {
  const kind = taskKind(settings);
  if ('problem' in kind) throw new Error(kind.problem);
  return kind;
}

/** The answer to a task, read as the runner reads it. */
function answerTo(exchanges: Exchanges, settings: Partial<TaskConfig> & { kind: string }) {
  const kind = kindFor(settings);
  const turns = exchanges.map(([user, assistant], index) => {
    return { session: 's', number: index + 1, startedAt: 0, endedAt: 0, user, assistant, isInterrupted: false };
  });
  const material = asDialogue(spokenLines(turns));
  if (material === undefined) throw new Error('nothing said');
  const { status, pieces } = completionReply(
    JSON.stringify({
      model: 'rehearsal',
      messages: [
        { role: 'system', content: kind.system },
        { role: 'user', content: dataMessage(material) },
      ],
      response_format: { type: 'json_schema', json_schema: { name: kind.name, strict: true, schema: kind.schema } },
    }),
  );
  expect(status).toBe(200);
  const completion = JSON.parse(pieces.join(''));
  expect(completion).toMatchObject({ model: 'rehearsal', provider: 'rehearsal', usage: { cost: 0 } });
  const read = parseAnswer(completion.choices[0].message.content, kind);
  if ('problem' in read) throw new Error(read.problem);
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into results as it likes
  return read.value as any;
}

describe('the built-in kinds', () => {
  const labels = ['question', 'request', 'complaint', 'small-talk'];
  const needed = {
    labels: { labels },
    schema: { schema: { type: 'object', properties: { topic: { type: 'string' } }, required: ['topic'] } },
  };
  const kinds = BUILT_IN_KINDS.map((kind) => {
    const needs = builtInKind(kind)?.needs;
    return { kind, ...(needs && needed[needs]) };
  });
  test.each(kinds)('every transcript gets a valid $kind', (settings) => {
    for (const exchanges of [typed, spoken, short]) answerTo(exchanges, settings);
  });

  test('a summary holds sentences of the transcript, without the introduction of the rehearsal', () => {
    const { summary, points } = answerTo(typed, { kind: 'summary' });
    expect(summary).toContain('My internet has been broken since Monday and nobody has called me back.');
    expect(JSON.stringify([summary, points])).not.toMatch(/rehearsal|You wrote/);
  });

  test('a turn that was written and spoken has its words and the length of its speech', () => {
    const { summary } = answerTo([['Please call me back. (3 seconds of speech)', 'I heard 3 seconds of speech.']], {
      kind: 'summary',
    });
    expect(summary).toBe('The user spoke once (3 seconds). The user said: Please call me back.');
  });

  test('a spoken call is described by the length of its speech', () => {
    expect(answerTo(spoken, { kind: 'summary' }).summary).toBe('The user spoke once (3 seconds).');
    expect(answerTo(spoken, { kind: 'title' }).title).toBe('Rehearsal call, 3 seconds of speech');
  });

  test('a title that has to be cut ends with a phrase', () => {
    const cut: Exchanges = [['My invoice of March is wrong, I was charged twice.', 'I see.']];
    expect(answerTo(cut, { kind: 'title' }).title).toBe('My invoice of March is wrong');
  });

  test('a title is a short phrase of the user', () => {
    expect(answerTo(short, { kind: 'title' }).title).toBe('What are your opening hours');
    expect(answerTo(typed, { kind: 'title' }).title).toMatch(/^My internet has been broken/);
  });

  test('labels follow their words, and texts that fit none get the label for the rest', () => {
    expect(answerTo(typed, { kind: 'classification', labels: ['billing', 'technical'] }).label).toBe('technical');
    expect(answerTo(short, { kind: 'classification', labels }).label).toBe('question');
    expect(answerTo(spoken, { kind: 'classification', labels })).toEqual({ label: 'small-talk', confidence: 0.1 });
  });

  test('sentiment and outcome follow the words of the user', () => {
    expect(answerTo(typed, { kind: 'sentiment-and-outcome' })).toMatchObject({
      sentiment: 'mixed',
      outcome: 'resolved',
    });
    expect(answerTo(spoken, { kind: 'sentiment-and-outcome' })).toMatchObject({
      sentiment: 'neutral',
      outcome: 'unknown',
    });
  });

  test('action items are requests and promises, with their day', () => {
    expect(answerTo(typed, { kind: 'action-items' }).items).toEqual([
      { action: 'send a technician tomorrow', owner: 'assistant', due: 'tomorrow' },
      { action: 'book a technician for tomorrow', owner: 'assistant', due: 'tomorrow' },
    ]);
  });

  test('the criteria of a rubric are scored by name', () => {
    const { criteria, overall } = answerTo(typed, { kind: 'quality', rubric: 'clarity: short\nempathy: warm' });
    expect(criteria.map(({ name }: { name: string }) => name)).toEqual(['clarity', 'empathy']);
    expect(overall).toBeGreaterThan(0);
  });

  test('a threat is flagged', () => {
    expect(answerTo([['I will kill you', 'No.']], { kind: 'moderation' })).toEqual({
      flagged: true,
      severity: 'high',
      categories: ['violence'],
    });
  });
});

describe('a schema of the user', () => {
  const nullable = (type: string) => ({ anyOf: [{ type }, { type: 'null' }] });

  test('is filled from the text by the names of its fields, else with null', () => {
    const schema = {
      type: 'object',
      properties: {
        name: { type: 'string' },
        customer_number: { type: ['integer', 'null'] },
        email: nullable('string'),
        topic: { enum: ['billing', 'internet'] },
        orders: { type: 'array', items: { $ref: '#/$defs/order' }, minItems: 1 },
      },
      required: ['name', 'customer_number', 'email', 'topic', 'orders'],
      additionalProperties: false,
      $defs: { order: { type: 'object', properties: { id: { type: 'string', minLength: 3 } }, required: ['id'] } },
    };
    expect(answerTo(typed, { kind: 'extraction', schema })).toEqual({
      name: 'Anna Berg',
      customer_number: 4711,
      email: null,
      topic: 'internet',
      orders: [{ id: '---' }],
    });
  });

  test('may contain itself', () => {
    const schema = { type: 'object', properties: { child: { anyOf: [{ $ref: '#' }, { type: 'null' }] } } };
    answerTo(short, { kind: 'extraction', schema });
  });

  test('replaces the schema of a built-in kind', () => {
    const schema = { type: 'object', properties: { urgent: { type: 'boolean' } }, required: ['urgent'] };
    expect(answerTo(short, { kind: 'summary', schema })).toEqual({ urgent: false });
  });
});

describe('chat completions', () => {
  const messages = [{ role: 'user', content: [{ type: 'text', text: 'Tell me a joke.' }] }];

  test('say that they are a rehearsal when no schema is given', () => {
    const { pieces } = completionReply(JSON.stringify({ messages }));
    const { choices } = JSON.parse(pieces.join(''));
    expect(choices[0].message.content).toBe('This is the rehearsal provider. You wrote: Tell me a joke.');
  });

  test('stream in pieces, with the usage last when it is asked for', () => {
    const { headers, pieces } = completionReply(
      JSON.stringify({ messages, stream: true, stream_options: { include_usage: true } }),
    );
    expect(headers['content-type']).toBe('text/event-stream');
    const events = pieces.slice(0, -1).map((piece) => JSON.parse(piece.slice('data: '.length)));
    expect(events.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toContain('Tell me a joke.');
    expect(events.at(-1).usage.completion_tokens).toBeGreaterThan(0);
    expect(pieces.length).toBeGreaterThan(4);
    expect(pieces.at(-1)).toBe('data: [DONE]\n\n');
  });

  test.each(['', '[]', '{"messages":[]}', '{"messages":"x"}'])(
    'are refused for the body %j in the shape of OpenAI',
    (body) => {
      const { status, pieces } = completionReply(body);
      expect(status).toBe(400);
      expect(JSON.parse(pieces.join(''))).toMatchObject({ error: { type: 'invalid_request_error' } });
    },
  );
});

describe('a tool', () => {
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const tools = [{ type: 'function', function: { name: 'get_weather', parameters } }];
  const reply = (request: object) => completionReply(JSON.stringify({ model: 'rehearsal', tools, ...request })).pieces;
  const said = (content: string) => ({ messages: [{ role: 'user', content }] });
  const choiceOf = (request: object) => JSON.parse(reply(request).join('')).choices[0];

  test('that nobody asks for is not called', () => {
    const { message, finish_reason } = choiceOf(said('How is the weather?'));
    expect(message).toEqual({
      role: 'assistant',
      content: 'This is the rehearsal provider. You wrote: How is the weather?',
    });
    expect(finish_reason).toBe('stop');
  });

  test.each([
    ['the text has its name', said('get_weather, please')],
    ['one is required', { ...said('x'), tool_choice: 'required' }],
    ['it is chosen', { ...said('x'), tool_choice: { type: 'function', function: { name: 'get_weather' } } }],
  ])('is called when %s', (_, request) => {
    expect(choiceOf(request)).toEqual({
      index: 0,
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: expect.stringMatching(/^call_\w+$/),
            type: 'function',
            function: { name: 'get_weather', arguments: '{"city":"rehearsal"}' },
          },
        ],
      },
    });
  });

  test('is called in a stream, piece by piece', () => {
    const events = reply({ ...said('call get_weather'), stream: true }).filter((piece) => !piece.includes('[DONE]'));
    const choices = events.map((piece) => JSON.parse(piece.slice('data: '.length)).choices[0]);
    const calls = choices.flatMap(({ delta }) => delta.tool_calls ?? []);
    expect(calls[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'get_weather' } });
    expect(calls.map((call) => call.function.arguments).join('')).toBe('{"city":"rehearsal"}');
    expect(choices.at(-1)).toMatchObject({ delta: {}, finish_reason: 'tool_calls' });
  });

  test('that has answered is answered with words', () => {
    const tool_calls = [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }];
    const messages = [
      ...said('call get_weather').messages,
      { role: 'assistant', content: null, tool_calls },
      { role: 'tool', tool_call_id: 'call_1', content: '21 degrees' },
    ];
    expect(choiceOf({ messages, tool_choice: 'required' }).message.content).toBe(
      'This is the rehearsal provider. The tool get_weather answered: 21 degrees',
    );
  });
});
