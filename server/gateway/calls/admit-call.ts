// Decides on a request that makes a call, or asks something of one, before the provider is asked. Its phases are those of a session, but for the
// body, which says what a session says in its handshake and its first message.

import type { CallEndpoint, CallStart, RequestedCall } from '../../../adapters/realtime/contract/calls.ts';
import type { Provider, Resource } from '../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { type JsonObject, textAt } from '../../../codecs/json/object.ts';
import { type AccountEndpoint, providerTable } from '../../config/providers/table.ts';
import { checkBodyType } from '../../http/request/body.ts';
import { checkRequest } from '../../http/request/guard.ts';
import { invalid, isRefusal } from '../../http/request/refusals.ts';
import { chooseAccount } from '../admission/account.ts';
import type { Admission, AdmissionRequest } from '../admission/admission.ts';
import { authenticateClient, checkWhere, presentSecret } from '../admission/authenticate.ts';
import { authorizeResource, bindIds } from '../admission/authorize.ts';
import { classify } from '../admission/classify.ts';
import { chooseProvider, rejectHandshake } from '../admission/endpoint.ts';
import { startPhases } from '../admission/phases.ts';
import { chooseSessionId } from '../admission/session-id.ts';
import { placedBy } from '../targets/admit-targets.ts';
import type { Targets } from '../targets/targets.ts';
import { checkTerms } from '../targets/terms.ts';
import { endpointOfCall } from './reach-call.ts';

/** Reads the body of the request; undefined where it has none. */
type ReadCallBody = () => Promise<Buffer | undefined | Refusal>;

type CallAsk = AdmissionRequest & { readonly body: ReadCallBody };

export interface CallAdmission extends Admission {
  readonly call: CallEndpoint;
  /** The id in the path. */
  readonly callId: string | undefined;
  readonly data: Buffer | undefined;
  /** The call that is to begin, with its session as it is to be; undefined where something is asked of one that is there. */
  readonly asked: (RequestedCall & { readonly start: CallStart }) | undefined;
  readonly targets?: Targets<CallAdmission> | undefined;
}

/** The client, and the call that it asks for. */
const client = startPhases<CallAsk>()
  .add(({ request }) => checkRequest(request))
  .add(checkWhere)
  .add(resolveCall)
  .add(presentSecret)
  .add(rejectHandshake)
  .add(authenticateClient)
  .add(checkSecret)
  .add(readAsked)
  .add(classify)
  .add(chooseSessionId);

/** The account that serves it, or the target where the model has several. */
const place = startPhases<Placeless>()
  .add(chooseProvider)
  .add((known) => (known.asked === undefined ? { model: undefined } : authorizeResource(known)))
  .add(checkTerms)
  .add(chooseAccount)
  .add(bindIds)
  .add(nameCall)
  .add(() => ({ subprotocol: undefined, continues: undefined }));

type Placeless = Exclude<Awaited<ReturnType<typeof client.run>>, Refusal> & Pick<CallAdmission, 'target' | 'targets'>;

/** Runs the phases in their order. */
export async function admitCall(ask: CallAsk): Promise<CallAdmission | Refusal> {
  const known = await client.run(ask);
  return isRefusal(known) ? known : placedBy<Placeless, CallAdmission>(known, place);
}

/** Ids go into paths and queries of the provider as they are. */
export const isCallId = (id: string): boolean => /^[A-Za-z0-9_.~:-]{1,512}$/.test(id);

function resolveCall({
  handshake,
  policy,
  request: { method = '' },
}: Pick<Admission, 'handshake' | 'policy' | 'request'>) {
  const found = providerTable(policy.config).callsAt(method, handshake.path);
  const [first] = found;
  if (first === undefined) return invalid('this path is not one of calls any more');
  if (first.id !== undefined && !isCallId(first.id)) return invalid('expected the id of a call in the path');
  const { start, family } = first.endpoint;
  // A call that is there already is one of the account that has it.
  const isNamed = first.path !== handshake.path || first.id !== undefined || start === undefined;
  const candidates = found.map(({ provider, endpoint, path }) => candidateOf(provider, endpoint, { path, isNamed }));
  const alike = ({ path, method: other, family: { dialect }, start: begins }: CallEndpoint): boolean =>
    other === method && begins !== undefined && dialect === family.dialect && !path.includes('{');
  const others = isNamed ? [] : [...providerTable(policy.config).accounts.values()];
  const elsewhere = others.flatMap((provider) =>
    (provider.calls ?? []).filter(alike).map((call) => candidateOf(provider, call, { path: call.path, isNamed: true })),
  );
  const { provider, endpoint, path } = candidates[0] as (typeof candidates)[number];
  // The body of a call says all that its query said.
  const at = { ...handshake, path, ...(first.endpoint.start && { rawQuery: undefined }) };
  return { candidates, elsewhere, provider, endpoint, handshake: at, call: first.endpoint, callId: first.id };
}

const candidateOf = (
  provider: Provider,
  { path, family }: CallEndpoint,
  at: Pick<AccountEndpoint, 'path' | 'isNamed'>,
): AccountEndpoint => ({ provider, endpoint: endpointOfCall(path, family), ...at });

/** Finds the call of the account that serves, and names its model as that account knows it. */
function nameCall({
  request,
  provider,
  endpoint,
  handshake,
  asked,
  ...known
}: Pick<Admission, 'request' | 'provider' | 'endpoint' | 'handshake'> & Pick<CallAdmission, 'asked' | 'call'>): Pick<
  CallAdmission,
  'asked' | 'call'
> {
  const call =
    provider.calls?.find(({ path, method }) => path === endpoint.path && method === request.method) ?? known.call;
  const model = handshake.firstFrame?.renamed?.to;
  return { call, asked: asked && model !== undefined ? { ...asked, session: { ...asked.session, model } } : asked };
}

/** A client secret makes the calls of a page, and nothing else. */
function checkSecret({ secret, call }: Pick<Admission, 'secret'> & Pick<CallAdmission, 'call'>): Refusal | undefined {
  return secret === undefined || (call.start?.idIn !== undefined && !call.path.includes('{id}')) ? undefined : onlyKeys;
}

const onlyKeys: Refusal = {
  status: 403,
  code: 'secret_not_allowed',
  message: 'a client secret makes calls; to ask something of one takes a key',
};

const noOutbound: Refusal = {
  ...onlyKeys,
  message: 'a client secret makes no calls out to telephones; that takes a key',
};

type Known = Pick<Admission, 'request' | 'handshake' | 'candidates' | 'endpoint' | 'secret' | 'pinned'> &
  Pick<CallAdmission, 'call'> &
  Pick<CallAsk, 'body'>;

/** Reads the body, once it is known who sends it. What it asks for takes the place of what a first message would. */
async function readAsked(known: Known) {
  const { request, call, body, handshake } = known;
  const { start } = call;
  const refusal = start === undefined ? checkBodyType(request) : checkType(request.headers['content-type'], start);
  if (refusal !== undefined) return refusal;
  const data = await body();
  if (isRefusal(data)) return data;
  if (start === undefined) return { data, asked: undefined };
  const type = request.headers['content-type'] ?? '';
  const read = start.read({ type, data: data ?? Buffer.alloc(0) }, handshake.query);
  if ('expected' in read) return faulty(read.field, read.expected);
  if (read.isOutbound && known.secret !== undefined) return noOutbound;
  const session = withPins(read.session, known);
  if (isRefusal(session)) return session;
  const resources = resourcesOf(session, start, call);
  if (isRefusal(resources)) return resources;
  const named = resources === 'unknown' ? handshake : { ...handshake, firstFrame: { resources } };
  return { data, asked: { ...read, start, session }, handshake: named };
}

const faulty = (field: string, expected: string): Refusal => ({
  ...invalid(field === '' ? `expected ${expected}` : `${field}: expected ${expected}`),
  ...(field !== '' && { param: field }),
});

const mediaType = (header = ''): string => header.split(';')[0]?.trim().toLowerCase() ?? '';

function checkType(header: string | undefined, { types }: CallStart): Refusal | undefined {
  const type = mediaType(header);
  const message = `expected a body of ${types.join(' or ')}, got ${type || 'no content-type'}`;
  return types.includes(type) ? undefined : { status: 415, code: 'unsupported_media_type', message };
}

function withPins(session: JsonObject, { pinned, endpoint }: Pick<Known, 'pinned' | 'endpoint'>): JsonObject | Refusal {
  if (pinned === undefined) return session;
  const merged = endpoint.dialect.pins?.ofCalls?.merge(session, pinned);
  if (merged === undefined) throw new Error(`nothing can be pinned of a call of ${endpoint.dialect.name}`);
  if ('session' in merged) return merged.session;
  return { status: 403, code: 'secret_not_allowed', message: merged.message, param: merged.field };
}

/** The models that the session names, its own one first; one that it leaves to the provider cannot be known. */
function resourcesOf(
  session: JsonObject,
  { eventOf }: CallStart,
  { family }: CallEndpoint,
): readonly Resource[] | 'unknown' | Refusal {
  const frame = { data: Buffer.from(JSON.stringify(eventOf(session))), binary: false, at: 0 };
  const found = family.dialect.modelsIn(frame) ?? [];
  if ('code' in found) return faulty(found.field ?? 'session', found.message);
  const model = textAt(session, 'model');
  if (model === undefined || model === '') return 'unknown';
  return [...new Set([model, ...found])].filter((name) => name !== '').map((name) => ({ kind: 'model', name }));
}
