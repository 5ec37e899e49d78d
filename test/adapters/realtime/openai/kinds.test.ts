// The providers that speak OpenAI's protocols in the conformance suite, and what each differs in.

import { describe, expect, test } from 'vitest';
import type { Provider } from '../../../../adapters/realtime/contract.ts';
import { findCredential } from '../../../../adapters/realtime/handshake/credential.ts';
import { endpointsAt, upstreamOf } from '../../../../adapters/realtime/index.ts';
import { errorTypeByStatus } from '../../../../adapters/realtime/openai/adapter.ts';
import { openaiKinds } from '../../../../adapters/realtime/openai/kinds.ts';
import { handshakeOf } from '../../../support/handshakes.ts';
import { conformance } from '../conformance.ts';
import type { DialectFixture } from '../fixture.ts';
import { live, liveAgent, liveAttach, liveFork, qwenAudioLive, realtime, realtimeBeta } from './conversations.ts';

const fixtures: Readonly<Record<string, DialectFixture>> = {
  'openai-realtime': realtime,
  'openai-realtime-beta': realtimeBeta,
  'openai-live': live,
  'openai-live-attach': liveAttach,
  'openai-live-fork': liveFork,
  'openai-live-agent': liveAgent,
  'qwen-audio-live': qwenAudioLive,
};

/** The same conversation, whose reports are no part of the bill of xAI. */
function fixtureOf(name: string, kind: Provider): DialectFixture {
  const fixture = fixtures[name] as DialectFixture;
  return kind.name === 'xai' ? { ...fixture, usage: (seconds) => ({ seconds, messages: 1 }) } : fixture;
}

describe.each(openaiKinds.map((kind) => [kind.name, kind] as const))('%s', (_name, kind) => {
  const names = [...new Set(kind.endpoints.map(({ dialect }) => dialect.name))];
  conformance(kind, {
    dialects: Object.fromEntries(names.map((name) => [name, fixtureOf(name, kind)])),
    httpError: ({ status, ...rest }) => ({ error: { ...rest, type: errorTypeByStatus(status), param: null } }),
  });
});

const kindOf = (name: string): Provider => {
  const kind = openaiKinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
};

function dial(
  name: string,
  target: string,
  { credential = 'ours', settings = {}, baseUrl = undefined as string | undefined, headers: more = {} } = {},
) {
  const kind = kindOf(name);
  const handshake = { ...handshakeOf(target), headers: more };
  const endpoint = served(name, target);
  const { url, headers } = upstreamOf(kind, endpoint, handshake, { baseUrl, credential, settings });
  return { url, headers };
}

/** The endpoint that serves a handshake. */
function served(name: string, target: string) {
  const handshake = handshakeOf(target);
  const all = endpointsAt(kindOf(name), handshake.path);
  const endpoint = all.find(({ serves }) => serves?.(handshake) !== false);
  if (endpoint === undefined) throw new Error(`${name} has no ${handshake.path}`);
  return endpoint;
}

const TOKEN = 'eyJhbGci.eyJzdWIi.c2ln-_';

test('Azure is dialled at the host of its resource, with a key in a header of its own, and with a token as a bearer', () => {
  const settings = { resource: 'my-resource' };
  expect(dial('azure', '/openai/v1/realtime?model=my-deployment', { settings })).toEqual({
    url: 'wss://my-resource.openai.azure.com/openai/v1/realtime?model=my-deployment',
    headers: { 'api-key': 'ours' },
  });
  const dated = '/openai/realtime?api-version=2024-10-01-preview&deployment=d';
  expect(dial('azure', dated, { settings, credential: TOKEN })).toEqual({
    url: `wss://my-resource.openai.azure.com${dated}`,
    headers: { authorization: `Bearer ${TOKEN}` },
  });
});

test('Qwen is dialled with its workspace in a header, and at the host of the workspace where the base URL says so', () => {
  const settings = { workspace: 'ws-1', region: 'ap-southeast-1' };
  const baseUrl = 'wss://{workspace}.{region}.maas.aliyuncs.com';
  expect(dial('qwen', '/api-ws/v1/realtime?model=qwen3.8-omni-flash-realtime', { settings, baseUrl })).toEqual({
    url: 'wss://ws-1.ap-southeast-1.maas.aliyuncs.com/api-ws/v1/realtime?model=qwen3.8-omni-flash-realtime',
    headers: { authorization: 'Bearer ours', 'x-dashscope-workspace': 'ws-1' },
  });
});

test('Inworld is dialled with the base64 of its key, and with the id of the session in the query', () => {
  expect(dial('inworld', '/api/v1/realtime/session?key=session-1&protocol=realtime', { credential: 'a2V5' })).toEqual({
    url: 'wss://api.inworld.ai/api/v1/realtime/session?key=session-1&protocol=realtime',
    headers: { authorization: 'Basic a2V5' },
  });
});

test('A deployment at Baseten is dialled at the path that it ends with, whatever the SDK appends', () => {
  const baseUrl = 'wss://model-1.api.baseten.co/environments/production';
  expect(dial('baseten', '/v1/realtime?model=m', { baseUrl }).url).toBe(`${baseUrl}/websocket?model=m`);
});

test('ElevenLabs is dialled with its key in a header of its own', () => {
  expect(dial('eleven', '/v1/convai/realtime?model=eleven_realtime_v1_mini').headers).toEqual({ 'xi-api-key': 'ours' });
});

test('Qwen speaks as Live does where its model says so, at the path of the others, also behind the name of an account', () => {
  const dialectOf = (model: string) => served('qwen', `/api-ws/v1/realtime?model=${model}`).dialect.name;
  for (const model of ['qwen-audio-3.1-live', 'QWEN-AUDIO-3.1-LIVE', 'qwen-eu/qwen-audio-3.1-live'])
    expect(dialectOf(model), model).toBe('qwen-audio-live');
  for (const model of ['qwen3.8-omni-flash-realtime', 'my-qwen-audio-3.1-live', ''])
    expect(dialectOf(model), model).toBe('openai-realtime-beta');
});

test('an agent of Foundry is dialled in its project, with a token, and with the headers that its SDK sends, or those that it wants', () => {
  const settings = { resource: 'my-resource', project: 'my-project' };
  const path = '/agents/my-agent/endpoint/protocols/voice';
  const project = 'wss://my-resource.services.ai.azure.com/api/projects/my-project';
  expect(dial('foundry', `${path}/live/sessions?api-version=v1`, { settings, credential: TOKEN })).toEqual({
    url: `${project}${path}/live/sessions?api-version=v1`,
    headers: { authorization: `Bearer ${TOKEN}`, 'foundry-features': 'VoiceAgents=V1Preview' },
  });
  const headers = { 'foundry-features': 'VoiceAgents=V2Preview', 'x-ms-voice-structured-inputs': '{"city":"Bern"}' };
  expect(dial('foundry', `${path}?api-version=v1`, { settings, headers }).headers).toEqual({
    authorization: 'Bearer ours',
    ...headers,
  });
  expect(served('foundry', path).resources(handshakeOf(path))).toEqual([{ kind: 'agent', name: 'my-agent' }]);
});

test('Voice Live is dialled with a model or an agent in its query, and with none that is taken from elsewhere', () => {
  const settings = { resource: 'my-resource' };
  const path = '/voice-live/realtime?api-version=2026-07-15';
  expect(
    dial('voicelive', `${path}&model=gpt-realtime&api-key=theirs&agent_access_token=theirs;agent-access-token=theirs`, {
      settings,
    }),
  ).toEqual({
    url: `wss://my-resource.services.ai.azure.com${path}&model=gpt-realtime`,
    headers: { 'api-key': 'ours' },
  });
  const { resources, reject } = served('voicelive', path);
  const asked = (query: string) => resources(handshakeOf(`${path}${query}`));
  expect(asked('&agent-name=bell')).toEqual([{ kind: 'agent', name: 'bell' }]);
  expect(asked('&agent-name=bell&agent-project-name=p')).toEqual([{ kind: 'agent', name: 'p/bell' }]);
  expect(asked('&x=1;Agent_Name=bell;agent_project_name=p')).toEqual([{ kind: 'agent', name: 'p/bell' }]);
  expect(asked('&model=m')).toEqual([{ kind: 'model', name: 'm' }]);
  expect(asked('')).toBe('unknown');
  const said = (query: string) => reject?.(handshakeOf(`${path}${query}`))?.message;
  expect(said('&agent-name=a&foundry-resource-override=other')).toContain('foundry-resource-override is not passed on');
  expect(said('&agent-name=a&AGENT-AUTHENTICATION-IDENTITY-CLIENT-ID=x')).toContain('is not passed on');
  expect(said('&agent-name=a')).toBeUndefined();
});

test('KugelAudio takes a credential behind its subprotocol, with a beginning and without', () => {
  const { credentials } = kindOf('kugelaudio');
  const found = (...protocols: string[]) =>
    findCredential({ ...handshakeOf('/v1/live/sessions'), protocols }, credentials);
  expect(found('openai-live', 'secret')).toBe('secret');
  expect(found('openai-live', 'openai-insecure-api-key.secret')).toBe('secret');
});
