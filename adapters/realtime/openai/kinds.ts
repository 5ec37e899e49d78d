// Providers that speak OpenAI's protocols: each is what it differs in, as data. How sure a fact is stands beside it: measured or read in an SDK, else
// a document or a third party.

import type { Dialect } from '../contract/dialect.ts';
import type { Handshake, Provider, Resource, ServedEndpoint } from '../contract.ts';
import { commonPlaces, isJwt } from '../handshake/credential.ts';
import { namedFirst } from '../handshake/first-names.ts';
import { parametersOf, valuesIn } from '../handshake/query.ts';
import type { Refusal } from '../refusal.ts';
import { openai } from './adapter.ts';
import { liveCalls, realtimeCalls } from './calls.ts';
import { openaiLiveAgentDialect, openaiLiveDialect, qwenAudioLiveDialect } from './dialects/live.ts';
import { openaiBetaDialect, openaiRealtimeDialect } from './dialects/realtime.ts';
import { badRequest, endpointsFor, livePaths, servedBy } from './endpoints.ts';
import { realtimeMint } from './mints.ts';

type Own = 'name' | 'baseUrl' | 'auth' | 'free';

/** The rest is as OpenAI has it. */
interface Kind extends Pick<Provider, Own>, Partial<Omit<Provider, Own | 'endpoints'>> {
  /** Its paths with what is spoken there. */
  readonly paths: Readonly<Record<string, Dialect>>;
  /** Endpoints that are looked at first. */
  readonly before?: readonly ServedEndpoint[];
  /** Fields of the endpoint of each path. */
  readonly more?: Partial<ServedEndpoint>;
  /** The longest sessions of its paths, in seconds. */
  readonly maxSeconds?: Readonly<Record<string, number>>;
  /** The path on which SDKs ask for a credential of a browser. */
  readonly mintPath?: string;
}

function speaksOpenai({ paths, before = [], more, maxSeconds = {}, mintPath, ...kind }: Kind): Provider {
  const endpoints = [
    ...before,
    ...Object.entries(paths).map(([path, dialect]) => ({
      ...servedBy(path, dialect),
      maxSeconds: maxSeconds[path],
      ...more,
    })),
  ];
  return {
    environment: [],
    notServed: [],
    billing: { by: 'reported-usage' },
    preconnect: true,
    credentials: openai.credentials,
    subprotocol: openai.subprotocol,
    forwardedHeaders: openai.forwardedHeaders,
    switches: Object.values(paths).includes(openaiBetaDialect) ? betaSwitches : openai.switches,
    httpError: openai.httpError,
    ...kind,
    endpoints,
    clients: { beta: { endpoints: endpointsFor('beta', endpoints) }, ga: { endpoints: endpointsFor('ga', endpoints) } },
    mints: mintPath === undefined ? [] : [realtimeMint(mintPath)],
  };
}

/** Clients of the beta say so in a header, which its speakers may want. */
const betaSwitches = openai.switches.map(({ header, values }) => ({ header, values: [...values, 'realtime=v1'] }));

const { parameters, ...places } = commonPlaces;

/** The voice of an agent, below the project. */
const VOICE_AGENT = '/agents/{agent}/endpoint/protocols/voice';

/** The agent decides on its model. */
function agentInPath({ path }: Handshake): readonly Resource[] {
  const [, agent = ''] = /^\/agents\/([^/]+)\//.exec(path) ?? [];
  return [{ kind: 'agent', name: agent }];
}

/** A model, or an agent, which decides on its model: with the project that it is in, since every project may have one of its name. */
function voiceLiveResources(handshake: Handshake): readonly Resource[] | 'unknown' {
  const models = valuesIn(handshake, 'model').map((name) => ({ kind: 'model', name }) as const);
  const projects = valuesIn(handshake, 'agent-project-name');
  const agents = [...valuesIn(handshake, 'agent-name'), ...valuesIn(handshake, 'agent-id')];
  const inProjects = agents.flatMap((agent) =>
    projects.length === 0 ? [agent] : projects.map((project) => `${project}/${agent}`),
  );
  const named = [...models, ...inProjects.map((name) => ({ kind: 'agent', name }) as const)];
  return named.length === 0 ? 'unknown' : named;
}

/** Parameters that take an agent from elsewhere, or as somebody else, with the rights of the account. */
const AGENT_ELSEWHERE = /^(foundry[-_]resource[-_]override|agent[-_]authentication[-_]identity[-_]client[-_]id)$/i;

function rejectVoiceLive(handshake: Handshake): Refusal | undefined {
  const names = parametersOf(handshake).map(([name]) => name.toLowerCase());
  const elsewhere = names.find((name) => AGENT_ELSEWHERE.test(name));
  return elsewhere === undefined
    ? undefined
    : badRequest(`${elsewhere} is not passed on: an agent is one of the account's own resource. Leave it out.`);
}

const asksForQwenLive = (handshake: Handshake): boolean =>
  valuesIn(handshake, 'model').some((model) => /^([a-z0-9-]+\/)?qwen-audio-[\w.-]*live/i.test(model));

export const openaiKinds: readonly Provider[] = [
  // Read in OpenAI's SDK, which has a client for it; the paths of Live: document, that of copies is OpenAI's.
  speaksOpenai({
    name: 'azure',
    baseUrl: 'wss://{resource}.openai.azure.com',
    settings: { resource: 'Name of the resource, as in the host RESOURCE.openai.azure.com.' },
    // Tokens of Entra are JWTs.
    auth: (credential) => (isJwt(credential) ? 'bearer' : 'header:api-key'),
    free: { path: '/openai/v1/models', refusals: [401, 403] },
    paths: {
      '/openai/v1/realtime': openaiRealtimeDialect,
      ...livePaths('/openai/v1/live/sessions'),
      '/openai/realtime': openaiBetaDialect,
    },
    // One third party saw sessions end with `session_expired` after half an hour. That of Live is not known.
    maxSeconds: { '/openai/v1/realtime': 30 * 60 },
    mintPath: '/openai/v1/realtime/client_secrets',
    calls: [...realtimeCalls('/openai/v1/realtime'), ...liveCalls('/openai/v1/live/sessions')],
    billing: { by: 'reported-usage', priceListName: 'openai' },
    notServed: [
      { path: '/openai/deployments/{rest...}', takesAnyBody: true, instead: 'expected POST /v1/chat/completions' },
    ],
  }),
  // Paths and credentials: third parties in production. Its reports of tokens are not its bill, which counts seconds and messages of text: third party,
  // LiteLLM's table, as are the prices. Not known: which seconds those are (the table has them by the minute; LiteLLM itself counts those of the audio;
  // here they are those of the connection, which are no fewer unless both sides talk at once), and which items are messages.
  // Third parties differ in its longest session, one hour or two.
  speaksOpenai({
    name: 'xai',
    environment: ['XAI_API_KEY'],
    baseUrl: 'wss://api.x.ai',
    auth: 'bearer',
    free: { path: '/v1/models', refusals: [400, 401, 403] },
    paths: { '/v1/realtime': openaiRealtimeDialect },
    mintPath: '/v1/realtime/client_secrets',
    billing: { by: ['connected-time', 'messages'], prices: { '*': { minute: 0.08, message: 0.004 } } },
  }),
  // Documents. Whether a plain key opens the socket is not known; one that does not is refused by it, before the 101.
  speaksOpenai({
    name: 'eleven',
    environment: ['ELEVENLABS_API_KEY'],
    baseUrl: 'wss://api.elevenlabs.io',
    auth: 'header:xi-api-key',
    free: { path: '/v1/user', refusals: [401, 403] },
    paths: { '/v1/convai/realtime': openaiRealtimeDialect },
    mintPath: '/v1/convai/realtime/client_secrets',
  }),
  // Document, and a third party in production. `key` in its query is the id of a session, and no credential.
  speaksOpenai({
    name: 'inworld',
    environment: ['INWORLD_API_KEY'],
    baseUrl: 'wss://api.inworld.ai',
    auth: (credential) => (isJwt(credential) ? 'bearer' : 'basic'),
    free: { path: '/voices/v1/voices', refusals: [401, 403] },
    paths: { '/api/v1/realtime/session': openaiRealtimeDialect },
    more: { resources: namedFirst, namesInQuery: undefined },
    credentials: { ...places, basic: true, parameters: parameters.filter((name) => name !== 'key') },
  }),
  // Document.
  speaksOpenai({
    name: 'stepfun',
    environment: ['STEPFUN_API_KEY'],
    baseUrl: 'wss://api.stepfun.com',
    auth: 'bearer',
    free: { path: '/v1/models', refusals: [401, 403] },
    paths: { '/v1/realtime': openaiBetaDialect },
    maxSeconds: { '/v1/realtime': 30 * 60 },
  }),
  // Read in its SDK; that the newest models need the host of a workspace, and Qwen-Audio-Live, which speaks otherwise at the same path: documents.
  speaksOpenai({
    name: 'qwen',
    environment: ['DASHSCOPE_API_KEY'],
    baseUrl: 'wss://dashscope-intl.aliyuncs.com',
    auth: 'bearer',
    settings: {
      workspace:
        'Id of the workspace: a header, and {workspace} of a baseUrl such as wss://{workspace}.{region}.maas.aliyuncs.com.',
      region: 'Region of such a baseUrl.',
    },
    settingHeaders: { workspace: 'x-dashscope-workspace' },
    free: { path: '/compatible-mode/v1/models', refusals: [401, 403] },
    paths: { '/api-ws/v1/realtime': openaiBetaDialect },
    before: [{ ...servedBy('/api-ws/v1/realtime', qwenAudioLiveDialect), serves: asksForQwenLive }],
  }),
  // Paths of Realtime, headers and query: read in @azure/ai-projects 2.10.0; the path of Live, where the provider starts the session: document.
  speaksOpenai({
    name: 'foundry',
    baseUrl: 'wss://{resource}.services.ai.azure.com/api/projects/{project}',
    settings: {
      resource: 'Name of the resource, as in the host RESOURCE.services.ai.azure.com.',
      project: 'Name of the project.',
    },
    auth: 'bearer',
    headers: { 'foundry-features': 'VoiceAgents=V1Preview' },
    free: { path: '/agents?api-version=v1', refusals: [401, 403] },
    paths: { [VOICE_AGENT]: openaiRealtimeDialect, [`${VOICE_AGENT}/live/sessions`]: openaiLiveAgentDialect },
    more: { resources: agentInPath },
    forwardedHeaders: [
      ...openai.forwardedHeaders,
      ...['foundry-features', 'x-ms-voice-structured-inputs', 'x-ms-client-request-id', 'x-ms-client-sdk'],
    ],
    notServed: [{ method: 'POST', path: `${VOICE_AGENT}/live/sessions`, takesAnyBody: true }],
  }),
  // Path, credentials and query: measured with @azure/ai-voicelive 1.1.0, which drops the path of its base URL; events: read in it; hosts: document.
  speaksOpenai({
    name: 'voicelive',
    baseUrl: 'wss://{resource}.services.ai.azure.com',
    settings: { resource: 'Name of the resource, as in the host RESOURCE.services.ai.azure.com.' },
    auth: (credential) => (isJwt(credential) ? 'bearer' : 'header:api-key'),
    free: { path: '/openai/v1/models', refusals: [401, 403] },
    paths: { '/voice-live/realtime': openaiBetaDialect },
    // Document.
    maxSeconds: { '/voice-live/realtime': 60 * 60 },
    more: {
      resources: voiceLiveResources,
      reject: rejectVoiceLive,
      once: ['model', 'agent-name', 'agent-id', 'agent-project-name'],
    },
    // Older versions have the token of an agent beside the key of the resource (document).
    credentials: { ...openai.credentials, parameters: [...parameters, 'agent-access-token'] },
    forwardedHeaders: [...openai.forwardedHeaders, 'x-ms-client-request-id'],
  }),
  // Documents. The subprotocols of its browsers are `openai-live` and a credential, in a form that is not known: both are taken.
  speaksOpenai({
    name: 'kugelaudio',
    environment: ['KUGELAUDIO_API_KEY'],
    baseUrl: 'wss://api.kugelaudio.com',
    auth: 'bearer',
    free: { path: '/v1/models', refusals: [401, 403] },
    paths: { '/v1/live/sessions': openaiLiveDialect, '/v1/realtime': openaiRealtimeDialect },
    maxSeconds: { '/v1/live/sessions': 60 * 60 },
    mintPath: '/v1/realtime/client_secrets',
    credentials: { ...openai.credentials, subprotocolPairs: ['openai-live'] },
    subprotocol: 'openai-live',
  }),
  // Document: the path of a deployment ends so, whatever the SDK appends.
  speaksOpenai({
    name: 'baseten',
    environment: [],
    baseUrl: undefined,
    auth: 'bearer',
    free: { path: '/v1/models', refusals: [401, 403] },
    paths: { '/v1/realtime': openaiRealtimeDialect },
    more: { upstreamPath: () => '/websocket' },
  }),
  // Documents of servers that run at home.
  ...['huggingface', 'vllm'].map((name) =>
    speaksOpenai({
      name,
      baseUrl: undefined,
      auth: 'bearer',
      free: { path: '/v1/models', refusals: [401, 403] },
      paths: { '/v1/realtime': openaiRealtimeDialect },
    }),
  ),
];
