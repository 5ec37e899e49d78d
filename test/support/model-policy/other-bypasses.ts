// Ways to name a model in Live, Responses, Gemini and Translation, and frames that leave their model open.

import {
  type Case,
  FORBIDDEN,
  gemini,
  live,
  named,
  realtime,
  responses,
  transcription,
  translation,
} from './frames.ts';

export const liveBypasses: readonly Case[] = [
  ['the start of a session', live, { type: 'session.start', session: named }],
  ['a start with its model last', live, { session: { instructions: 'x', ...named }, type: 'session.start' }],
  ['an update', live, { type: 'session.update', session: named }],
  [
    'delegation to Responses',
    live,
    { type: 'session.start', session: { model: 'allowed', delegation: { type: 'responses', responses: named } } },
  ],
  [
    'delegation to Decisions',
    live,
    {
      type: 'session.start',
      session: { model: 'allowed', delegation: { type: 'decisions', decisions: { ...named, questions: [] } } },
    },
  ],
  [
    'an update of the delegation',
    live,
    { type: 'session.update', session: { delegation: { type: 'responses', responses: named } } },
  ],
  [
    'an update of Decisions',
    live,
    { type: 'session.update', session: { delegation: { type: 'decisions', decisions: named } } },
  ],
  ['a delegation by itself', live, { type: 'session.update', session: { delegation: named } }],
  [
    'a tool of the delegation',
    live,
    {
      type: 'session.update',
      session: { delegation: { type: 'responses', responses: { tools: [{ type: 'image_generation', ...named }] } } },
    },
  ],
  [
    'something new in the delegation',
    live,
    { type: 'session.update', session: { delegation: { later: [{ fallback: [named] }] } } },
  ],
  ['a delegation at the top', live, { type: 'session.delegation.update', delegation: { responses: named } }],
  ['a trigger', live, { type: 'session.update', session: { triggers: [{ type: 'decisions', decisions: named }] } }],
  ['a response', live, { type: 'response.create', response: named }],
  [
    'a delegation that is a list',
    live,
    { type: 'session.update', session: { delegation: [[{ responses: [named] }]] } },
  ],
  [
    'a delegated model that is an object',
    live,
    { type: 'session.update', session: { delegation: { responses: { model: { id: FORBIDDEN } } } } },
  ],
  [
    'a delegated model twice',
    live,
    '{"type":"session.update","session":{"delegation":{"responses":{"model":"allowed","\\u006dodel":"forbidden-9"}}}}',
  ],
  [
    'a wide delegation',
    live,
    {
      type: 'session.update',
      session: {
        delegation: Object.fromEntries([...Array.from({ length: 90_000 }, (_, i) => [`k${i}`, 0]), ['z', named]]),
      },
    },
  ],
];

export const responsesBypasses: readonly Case[] = [
  ['a request', responses, { type: 'response.create', ...named, input: 'hello' }],
  ['a request in an envelope', responses, { type: 'response.create', model: 'allowed', response: named }],
  [
    'an image tool',
    responses,
    { type: 'response.create', model: 'allowed', tools: [{ type: 'image_generation', ...named }] },
  ],
  [
    'an image tool in an envelope',
    responses,
    { type: 'response.create', model: 'allowed', response: { tools: [{ type: 'image_generation', ...named }] } },
  ],
  [
    'the author of an image tool',
    responses,
    { type: 'response.create', model: 'allowed', tools: [{ type: 'image_generation', svg: named }] },
  ],
  [
    'a tool in a namespace',
    responses,
    {
      type: 'response.create',
      model: 'allowed',
      tools: [{ type: 'namespace', tools: [{ type: 'image_generation', ...named }] }],
    },
  ],
  [
    'tools among the input',
    responses,
    {
      type: 'response.create',
      model: 'allowed',
      input: [{ type: 'additional_tools', tools: [{ type: 'image_generation', ...named }] }],
    },
  ],
  [
    'tools that a search found',
    responses,
    {
      type: 'response.create',
      model: 'allowed',
      input: [{ type: 'tool_search_output', tools: [{ type: 'image_generation', svg: named }] }],
    },
  ],
  [
    'tools steered in',
    responses,
    {
      type: 'response.steer',
      previous_response_id: 'r',
      input: [{ type: 'additional_tools', tools: [{ type: 'image_generation', ...named }] }],
    },
  ],
  ['moderation', responses, { type: 'response.create', model: 'allowed', moderation: named }],
  ['the type last', responses, { ...named, type: 'response.create' }],
  ['a stored prompt', responses, { type: 'response.create', prompt: { id: FORBIDDEN } }],
  [
    'a stored prompt beside an allowed model',
    responses,
    { type: 'response.create', model: 'allowed', prompt: { id: FORBIDDEN } },
  ],
  ['a stored prompt of a session', realtime, { type: 'session.update', session: { prompt: { id: FORBIDDEN } } }],
  ['NaN without a model', responses, '{"type":"response.create","prompt":{"id":"p"},"temperature":NaN}'],
];

export const geminiBypasses: readonly Case[] = [
  ['the setup', gemini, { setup: { model: `models/${FORBIDDEN}` } }],
  ['the setup without a prefix', gemini, { setup: named }],
  ['the setup with its model last', gemini, { setup: { generationConfig: {}, model: `models/${FORBIDDEN}` } }],
  ['an escaped setup', gemini, '{"set\\u0075p":{"model":"models/forbidden-9"}}'],
  ['an escaped slash', gemini, '{"setup":{"model":"models\\/forbidden-9"}}'],
  ['two setups', gemini, '{"setup":{"model":"models/allowed"},"setup":{"model":"models/forbidden-9"}}'],
  ['a setup that is a list', gemini, { setup: [{ model: `models/${FORBIDDEN}` }] }],
  ['a model that is an object', gemini, { setup: { model: { name: FORBIDDEN } } }],
  [
    'routing by hand',
    gemini,
    {
      setup: { model: 'models/allowed', generationConfig: { routingConfig: { manualMode: { modelName: FORBIDDEN } } } },
    },
  ],
  [
    'routing by hand in snake_case',
    gemini,
    {
      setup: {
        model: 'models/allowed',
        generation_config: { routing_config: { manual_mode: { model_name: FORBIDDEN } } },
      },
    },
  ],
  [
    'routing by hand in mixed case',
    gemini,
    {
      setup: {
        model: 'models/allowed',
        generation_config: { routingConfig: { manual_mode: { modelName: FORBIDDEN } } },
      },
    },
  ],
  [
    'a ranker',
    gemini,
    {
      setup: {
        model: 'models/allowed',
        tools: [
          {
            retrieval: { vertexRagStore: { ragRetrievalConfig: { ranking: { llmRanker: { modelName: FORBIDDEN } } } } },
          },
        ],
      },
    },
  ],
  [
    'a ranker in snake_case',
    gemini,
    {
      setup: {
        model: 'models/allowed',
        tools: [
          {
            retrieval: {
              vertex_rag_store: { rag_retrieval_config: { ranking: { llm_ranker: { model_name: FORBIDDEN } } } },
            },
          },
        ],
      },
    },
  ],
  [
    'a ranker in a later context',
    gemini,
    {
      contextUpdate: {
        tools: [
          {
            retrieval: {
              vertexRagStore: { ragRetrievalConfig: { ranking: { rankService: { modelName: FORBIDDEN } } } },
            },
          },
        ],
      },
    },
  ],
  ['a single quoted setup', gemini, "{'setup':{'model':'models/forbidden-9'}}"],
  ['a bare setup without a model', gemini, '{setup:{}}'],
  ['a setup with a byte order mark', gemini, '\ufeff{"setup":{"model":"models/forbidden-9"}}'],
];

export const translationBypasses: readonly Case[] = [
  ['the session', translation, { type: 'session.update', session: named }],
  ['source transcription', translation, { type: 'session.update', session: transcription }],
];

/** These use a model that they leave open: only `provider/*` covers that. */
export const openModels: readonly Case[] = [
  ['a request whose model is null', responses, { type: 'response.create', model: null, input: 'x' }],
  [
    'a request with its model in an envelope alone',
    responses,
    { type: 'response.create', response: { model: 'allowed' } },
  ],
  ['a start without a model', live, { type: 'session.start', session: {} }],
  ['a start without a session', live, { type: 'session.start' }],
  ['a setup without a model', gemini, { setup: {} }],
  ['a setup whose model is null', gemini, { setup: { model: null } }],
];
