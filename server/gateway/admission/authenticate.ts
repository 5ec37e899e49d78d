// Finds who the client is, by its key or its client secret, and checks that the secret opens a session here, for this page.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { providerTable } from '../../config/providers/table.ts';
import { checkHost, checkOrigin, checkPage } from '../../http/origin-policy.ts';
import { authenticate } from '../../http/request/keys/authenticate.ts';
import { authenticateSecret, checkSecretBinding, presentedSecret } from '../../http/request/keys/client-secret.ts';
import { openSealed } from '../../http/request/keys/secret-form.ts';
import { isRefusal, secretExpired } from '../../http/request/refusals.ts';
import type { StoredSecret } from '../../ipc/stored-keys.ts';
import type { Admission } from './admission.ts';
import { secretUsed } from './refusals.ts';

/** Checks the page and the name of the listener. The page of a client secret is checked when that was read, which may name it. */
export function checkWhere(known: Pick<Admission, 'request' | 'handshake' | 'policy'>): Refusal | undefined {
  const { request, policy } = known;
  const refusal =
    presentedSecret(known) === undefined ? checkOrigin(request, policy.origins) : checkHost(request, policy.origins);
  return refusal !== undefined && mayPresentLater(known) ? checkHost(request, policy.origins) : refusal;
}

/** Tells whether a client secret may be in the first message. `presentSecret` checks the page in any case. */
const mayPresentLater = ({ handshake, policy }: Pick<Admission, 'handshake' | 'policy'>): boolean =>
  providerTable(policy.config).at(handshake.path)[0]?.endpoint.firstFrame !== undefined;

/** Finds the client secret in the places of the provider. What only looked like one elsewhere lets no page in. */
export function presentSecret(
  known: Pick<Admission, 'request' | 'handshake' | 'policy' | 'provider'>,
): Pick<Admission, 'presented'> | Refusal {
  const presented = presentedSecret(known);
  const refusal = presented === undefined ? checkPage(known.request, known.policy.origins) : undefined;
  return refusal ?? { presented };
}

type Client = Pick<Admission, 'key' | 'secret' | 'pinned' | 'dialled'>;
type ClientRequest = Pick<
  Admission,
  'request' | 'handshake' | 'address' | 'presented' | 'candidates' | 'provider' | 'endpoint' | 'policy' | 'isReturn'
>;

export function authenticateClient(request: ClientRequest): Client | Refusal | Promise<Client | Refusal> {
  if (request.presented !== undefined) return withSecret(request.presented, request);
  const found = authenticate(request);
  return found instanceof Promise ? found.then(withKey) : withKey(found);
}

const withKey = (found: Pick<Client, 'key'> | Refusal): Client | Refusal =>
  isRefusal(found) ? found : { ...found, secret: undefined };

async function withSecret(presented: string, request: ClientRequest): Promise<Client | Refusal> {
  const holder = await authenticateSecret(presented, request);
  if (isRefusal(holder)) return holder;
  const { secret } = holder;
  const refusal =
    checkSecretPage(secret, request) ??
    (request.isReturn ? undefined : checkState(secret)) ??
    checkPlace(secret, request) ??
    checkSecretBinding(holder);
  return refusal ?? { ...holder, pinned: secret.settings.session, dialled: dialledBy(presented, secret) };
}

function dialledBy(presented: string, { settings: { made } }: StoredSecret): Admission['dialled'] {
  return made && { url: openSealed(presented, made.sealedUrl), model: made.model, sound: made.sound };
}

/** Origins of a secret hold in the place of those of the listener. */
function checkSecretPage(
  { settings: { origins } }: StoredSecret,
  { request, policy }: Pick<Admission, 'request' | 'policy'>,
): Refusal | undefined {
  if (origins === undefined) return checkPage(request, policy.origins);
  const { origin } = request.headers;
  return origin !== undefined && origins.includes(origin) ? undefined : otherOrigin;
}

/** A look, before anything is taken: the use itself is counted by the store. */
function checkState({ usesLeft, expiresAt }: StoredSecret): Refusal | undefined {
  if (usesLeft <= 0) return secretUsed;
  return expiresAt <= Date.now() ? secretExpired : undefined;
}

/** The account is chosen later, among those that may serve the path. */
function checkPlace(
  { settings: { provider: bound, dialect } }: StoredSecret,
  { provider, endpoint, candidates }: Pick<Admission, 'provider' | 'endpoint' | 'candidates'>,
): Refusal | undefined {
  if (bound !== undefined && candidates.every(({ provider: { name } }) => name !== bound))
    return elsewhere(`this client secret opens sessions with ${bound}, not with ${provider.name}`);
  if (dialect !== undefined && dialect !== endpoint.dialect.name)
    return elsewhere(`this client secret opens sessions of the dialect ${dialect}, not of ${endpoint.dialect.name}`);
  return undefined;
}

const elsewhere = (message: string): Refusal => ({ status: 403, code: 'secret_not_allowed', message });

const otherOrigin: Refusal = {
  status: 403,
  code: 'origin_not_allowed',
  message: 'expected a page of one of the origins that this client secret was made for',
};
