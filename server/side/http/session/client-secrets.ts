// POST /v1/client_secrets, and the paths on which SDKs ask providers for the same: makes a client secret, which narrows the key that asks.

import type { Mint, MintFault, MintRequest, RelayedMint } from '../../../../adapters/realtime/contract/mint.ts';
import type { Provider } from '../../../../adapters/realtime/contract.ts';
import { type JsonObject, objectAt, textAt } from '../../../../codecs/json/object.ts';
import { allowProvider } from '../../../../codecs/text/glob.ts';
import { type AccountMint, providerTable } from '../../../config/providers/table.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import { digestOf, newClientSecret, sealText } from '../../../http/request/keys/secret-form.ts';
import type { SecretTerms } from '../../../ipc/stored-keys.ts';
import { newId } from '../../../platform/uuid-v7.ts';
import { ratedProblem } from '../../runs/call/call-rates.ts';
import { type RoutedRequest, type RouteHandler, sendJson, sendJsonBytes } from '../handler.ts';
import { auditEntry } from '../ledger/audit.ts';
import { parseBody } from '../request/json-body.ts';
import { isoTime } from '../views.ts';
import { relayMint, rewritten } from './relayed-mint.ts';
import {
  MAX_OPEN_SECONDS,
  MAX_USES,
  OPEN_SECONDS,
  type OwnTerms,
  readOwnTerms,
  readSecretRequest,
} from './secret-request.ts';
import { dialectsOf, pinnable, providerOf, termsProblem } from './secret-terms.ts';

interface Wanted {
  readonly terms: SecretTerms;
  readonly uses: number;
  readonly expiresAt: number;
  readonly prefix: Mint['prefix'];
}

interface Made extends Wanted {
  readonly id: string;
  readonly value: string;
  /** Those that tell of the rates of the key. */
  readonly headers: Readonly<Record<string, string>>;
}

type Options = Parameters<RouteHandler>[1];

/** Bounds the rows of one key, which each waits for its session. */
const MAX_UNEXPIRED = 10_000;

export const postClientSecret: RouteHandler = async (request, options) => {
  const parsed = bodyOf(request);
  if (isProblem(parsed)) return parsed;
  const read = readSecretRequest(parsed.body);
  if (isProblem(read)) return read;
  const { uses = 1, expiresInSeconds, models, ...asked } = read.asked;
  const { provider, session } = asked;
  const { dialect = session && dialectsOf(providerOf({ provider, models }, options.config) ?? '', options.config)[0] } =
    asked;
  const terms = withModels({ ...asked, dialect: dialect ?? (session && '') }, { models, session }, options.config);
  const wanted = { terms, uses, expiresAt: Date.now() + expiresInSeconds * 1000, prefix: 'ek_' } as const;
  const rated = await allow(wanted, request, options);
  if (isProblem(rated)) return rated;
  const made = await make({ wanted, rated }, request, options);
  if (isProblem(made)) return made;
  const { id, value, expiresAt, headers } = made;
  return sendJson(request, 200, { id, value, expiresAt: isoTime(expiresAt), uses, ...shown(made.terms) }, headers);
};

export const mintProviderSecret: RouteHandler = async (request, options) => {
  const candidates = providerTable(options.config).mintsAt(request.path);
  const first = mintOf(request, candidates);
  if (first === undefined) return undefined;
  const given = bodyOf(request, first.mint);
  if (isProblem(given)) return given;
  const { found, ...parsed } = namedInBody(given.body, first, candidates);
  const { provider, mint, path, parameters } = found;
  const bounds = { now: Date.now(), openSeconds: OPEN_SECONDS, maxOpenSeconds: MAX_OPEN_SECONDS, maxUses: MAX_USES };
  const asked = mint.read(parsed.body, bounds, { query: request.query, parameters });
  if ('expected' in asked) return faultProblem(asked);
  const own = readOwnTerms(asked.own);
  if (isProblem(own)) return own;
  const place = { provider: provider.name, dialect: asked.dialect ?? mint.dialect };
  const wanted = { ...wantedOf(asked, own.terms, place, options.config), prefix: mint.prefix };
  const rated = await allow(wanted, request, options);
  if (isProblem(rated)) return { ...rated, param: fieldIn(mint, rated.param) };
  const baseUrl = `${request.origin?.replace(/^http/, 'ws')}${request.path.slice(0, -path.length)}`;
  const { body } = parsed;
  if (mint.relay !== undefined)
    return relay({ provider, mint, path, body, asked, baseUrl, wanted, rated }, request, options);
  const made = await make({ wanted, rated }, request, options);
  if (isProblem(made)) return made;
  const { id, value, expiresAt, terms, headers } = made;
  const minted = { id, value, expiresAt, now: bounds.now, session: terms.session, body, baseUrl };
  return sendJson(request, mint.status ?? 200, mint.reply(minted), headers);
};

interface Relaying extends Granted {
  readonly provider: Provider;
  readonly mint: RelayedMint;
  readonly path: string;
  readonly body: JsonObject;
  readonly asked: MintRequest;
  readonly baseUrl: string;
}

async function relay(
  { provider, mint, path, body, asked, baseUrl, ...granted }: Relaying,
  request: RoutedRequest,
  options: Options,
): Promise<HttpProblem | undefined> {
  const { trunkline: _, ...own } = body;
  const session = await relayMint({ provider, mint, path, body: own }, request, options.config);
  const { rated } = granted;
  if (isProblem(session)) return ratedProblem(session, rated);
  if ('reply' in session) {
    const { status, headers, body: said } = session.reply;
    request.emit({ status, headers: { ...headers, ...rated.headers }, body: Buffer.from(said) });
    return undefined;
  }
  const { model, sound } = asked;
  const madeFor = (value: string) => ({ sealedUrl: sealText(value, session.url), model, sound });
  const made = await make({ ...granted, madeFor }, request, options);
  if (isProblem(made)) return made;
  const { path: socket, parameter } = mint.relay;
  const url = `${baseUrl}${socket}?${new URLSearchParams({ [parameter]: made.value })}`;
  return sendJsonBytes(request, session.status, rewritten(session, mint, url), made.headers);
}

/** The account that a path names, else the first that has the path, and whose models the key may use. */
function mintOf({ requester }: RoutedRequest, candidates: readonly AccountMint[]): AccountMint | undefined {
  const { settings: key } = requester;
  const lists = [key?.models, key?.teamModels];
  return candidates.find(({ provider: { name } }) => allowProvider(lists, name)) ?? candidates[0];
}

/** The account of the path that the model of the session names, as `<account>/<model>`, and the body without that name. */
function namedInBody(
  body: JsonObject,
  first: AccountMint,
  candidates: readonly AccountMint[],
): { readonly found: AccountMint; readonly body: JsonObject } {
  const { sessionField: field } = first.mint;
  const session = field === '' ? body : objectAt(body, field);
  const [name = '', ...rest] = textAt(session, 'model')?.split('/') ?? [];
  const found = rest.length === 0 ? undefined : candidates.find(({ provider }) => provider.name === name);
  if (found === undefined) return { found: first, body };
  const named = { ...session, model: rest.join('/') };
  return { found, body: field === '' ? named : { ...body, [field]: named } };
}

/** Some SDKs send no body where they ask for nothing in particular, or put it all into the query, or into a form. */
function bodyOf(
  { method, query, body }: RoutedRequest,
  { takesForm }: Pick<Mint, 'takesForm'> = {},
): { readonly body: JsonObject } | HttpProblem {
  if (method === 'GET') return { body: query };
  if (body === undefined || body.length === 0) return { body: {} };
  const isForm = takesForm === true && !/^\s*\{/.test(body.toString('latin1', 0, 100));
  return isForm ? { body: Object.fromEntries(new URLSearchParams(body.toString())) } : parseBody(body);
}

/** The field of the body that is at fault. */
function fieldIn({ sessionField, fieldOf }: Mint, param: string | undefined): string | undefined {
  const setting = sessionField === '' ? param?.replace(/^session\./, '') : param;
  return setting === undefined || setting === param ? param : (fieldOf?.(setting) ?? setting);
}

const faultProblem = ({ field, expected }: MintFault): HttpProblem =>
  invalidRequest(`${field}: expected ${expected}`, field);

function wantedOf(
  { expiresAt, endsAt, session, ...asked }: MintRequest,
  { models: narrowed, uses = asked.uses, ...own }: OwnTerms,
  place: { readonly provider: string; readonly dialect: string | undefined },
  config: Options['config'],
): Omit<Wanted, 'prefix'> {
  const models = asked.model === undefined ? narrowed : [asked.model];
  const terms = withModels({ ...own, ...place, endsAt, session }, { models, session }, config);
  const isNamed = terms.models?.length === 1 && Object.hasOwn(config.models, terms.models[0] ?? '');
  // The path of a mint is that of one provider; a name of `models` has targets at others.
  return { terms: isNamed ? { ...terms, provider: undefined } : terms, uses, expiresAt };
}

interface Models {
  readonly models: readonly string[] | undefined;
  readonly session: JsonObject | undefined;
}

/** A name without its provider is that of the secret's. A session whose model is pinned has that one alone. */
function withModels(terms: SecretTerms, { models, session }: Models, config: Options['config']): SecretTerms {
  const { provider = '' } = terms;
  const pinned = session && pinnable({ ...terms, models }, config)?.modelIn(session);
  const names = pinned === undefined ? models : [pinned];
  const isWhole = (name: string): boolean =>
    provider === '' || name.startsWith(`${provider}/`) || Object.hasOwn(config.models, name);
  return { ...terms, models: names?.map((name) => (isWhole(name) ? name : `${provider}/${name}`)) };
}

type Rated = Exclude<Awaited<ReturnType<Options['rates']['take']>>, HttpProblem>;

/** A secret that may be made. */
interface Granted {
  readonly wanted: Wanted;
  readonly rated: Rated;
  /** Gives the session that the provider made, as it is kept with the secret. */
  readonly madeFor?: (value: string) => SecretTerms['made'];
}

/** Counts it where its key may make it. */
async function allow(
  { terms }: Wanted,
  request: RoutedRequest,
  { config, rates }: Options,
): Promise<Rated | HttpProblem> {
  return termsProblem(terms, request.requester.settings, config) ?? rates.take(request);
}

async function make(
  { wanted, rated, madeFor }: Granted,
  request: RoutedRequest,
  { store }: Options,
): Promise<Made | HttpProblem> {
  const { uses, expiresAt, prefix } = wanted;
  const value = newClientSecret(prefix);
  const terms = { ...wanted.terms, made: madeFor?.(value) };
  const id = newId();
  const { key } = request.requester;
  const row = {
    digest: digestOf(value),
    id,
    key,
    settings: terms,
    usesLeft: uses,
    createdAt: Date.now(),
    expiresAt,
  };
  const entry = auditEntry(request, {
    action: 'secret.created',
    subject: `secret:${id}`,
    details: { uses: String(uses), expiresAt: isoTime(expiresAt) },
  });
  if (!(await store.addSecret(row, MAX_UNEXPIRED, entry))) return ratedProblem(tooManySecrets, rated);
  return { ...wanted, id, value, headers: rated.headers };
}

const tooManySecrets: HttpProblem = {
  status: 429,
  code: 'too_many_secrets',
  message: `this key has ${MAX_UNEXPIRED} client secrets that have not expired: make each right before its session`,
};

/** The terms as they are shown: the time at which sessions end is that of Google's tokens alone. */
function shown({ endsAt: _, ...terms }: SecretTerms): object {
  return terms;
}
