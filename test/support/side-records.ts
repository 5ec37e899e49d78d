// Records of the side path for tests: whole ones, of which a test says only what matters to it.

import type { Delivery, LedgerRow, SessionEnd, StoredSession, StoredTurn, Task } from '../../server/ipc/stored-rows.ts';
import type { ResponseRow, ResponseTexts } from '../../server/side/store/contract/responses.ts';

/** 2026-03-01T12:00:00Z. */
export const NOON = Date.UTC(2026, 2, 1, 12);
/** Time at which an armed task would run by itself, which is never in a test. */
export const ARMED = NOON + 1e10;

export const aSession = (id: string, some: Partial<StoredSession> = {}): StoredSession => ({
  id,
  key: 'demo',
  team: 'support',
  provider: 'openai',
  route: '/v1/realtime',
  dialect: 'openai-realtime',
  model: 'gpt-realtime',
  promptClass: 'realtime',
  dataClass: 'open',
  isRehearsal: false,
  owner: 'one',
  startedAt: NOON,
  ...some,
});

export const aResponse = (
  id: string,
  some: Partial<ResponseRow & ResponseTexts> = {},
): ResponseRow & ResponseTexts => ({
  id,
  key: 'demo',
  team: 'support',
  endUser: undefined,
  clientSecret: undefined,
  chat: undefined,
  previous: undefined,
  promptClass: 'commodity',
  dataClass: 'open',
  isRehearsal: false,
  isKept: true,
  isBackground: false,
  isStreamed: true,
  isCut: false,
  state: 'in_progress',
  holder: 'h1',
  createdAt: NOON,
  input: '[{"id":"msg_1","type":"message","role":"user","content":"Hello"}]',
  result: `{"id":"${id}","status":"in_progress","output":[]}`,
  ...some,
});

export const anEnd = (id: string, some: Partial<SessionEnd> = {}): SessionEnd => ({
  id,
  endedAt: NOON + 60_000,
  reason: 'client-closed',
  record: '{"turns":2}',
  ...some,
});

export const aTurn = (session: string, number: number, some: Partial<StoredTurn> = {}): StoredTurn => ({
  session,
  number,
  startedAt: NOON + number * 1000,
  endedAt: NOON + number * 1000 + 500,
  user: `question ${number}`,
  assistant: `answer ${number}`,
  isInterrupted: false,
  ...some,
});

export const aTask = (id: string, some: Partial<Task> = {}): Task => ({
  id,
  session: undefined,
  key: 'demo',
  team: 'support',
  kind: 'summary',
  promptClass: 'commodity',
  dataClass: 'open',
  state: 'queued',
  runAt: NOON,
  dueAt: NOON,
  attempts: 0,
  version: 0,
  leaseUntil: undefined,
  input: undefined,
  result: undefined,
  error: undefined,
  quality: undefined,
  isRehearsal: false,
  createdAt: NOON,
  updatedAt: NOON,
  ...some,
});

export const anAttempt = (id: string, some: Partial<LedgerRow> = {}): LedgerRow => ({
  id,
  at: NOON,
  kind: 'chat',
  path: 'routed',
  session: undefined,
  task: undefined,
  key: 'demo',
  team: 'support',
  promptClass: 'commodity',
  dataClass: 'open',
  gateway: 'router',
  asked: 'small',
  tried: [],
  served: undefined,
  provider: undefined,
  usage: {},
  reportedMicroUsd: undefined,
  estimatedMicroUsd: undefined,
  costMicroUsd: undefined,
  costSource: 'unknown',
  isFlagged: false,
  flags: [],
  latencyMs: undefined,
  firstTokenMs: undefined,
  outcome: 'pending',
  quality: undefined,
  score: undefined,
  isRehearsal: false,
  why: undefined,
  retention: undefined,
  residency: undefined,
  refused: undefined,
  trace: undefined,
  refusals: undefined,
  response: undefined,
  target: undefined,
  savedMicroUsd: undefined,
  difficulty: undefined,
  ...some,
});

/** Makes the row of a settled attempt. */
export const aSettled = (id: string, costMicroUsd: number | undefined, some: Partial<LedgerRow> = {}): LedgerRow =>
  anAttempt(id, {
    outcome: 'ok',
    served: 'small-2',
    usage: { inputTokens: 100, outputTokens: 20 },
    estimatedMicroUsd: costMicroUsd,
    costMicroUsd,
    costSource: costMicroUsd === undefined ? 'unknown' : 'estimated',
    latencyMs: 12.5,
    ...some,
  });

/** Makes the row of a realtime session that has used so many tokens. */
export const aRealtime = (session: string, tokens: number, some: Partial<LedgerRow> = {}): LedgerRow =>
  aSettled(session, tokens * 10, {
    kind: 'realtime',
    path: 'direct',
    session,
    gateway: 'openai',
    promptClass: 'realtime',
    usage: { inputTokens: tokens, outputTokens: 0, totalTokens: tokens, inputAudioTokens: tokens },
    ...some,
  });

export const aDelivery = (id: string, some: Partial<Delivery> = {}): Delivery => ({
  id,
  url: 'https://hooks.example.com/',
  event: 'task.done',
  body: '{"type":"task.done"}',
  attempts: 0,
  createdAt: NOON,
  nextAt: NOON,
  ...some,
});
