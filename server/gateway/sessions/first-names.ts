// The phase of admission for clients who say in their first message what their session runs on, where that decides who serves it. Rule: where there is
// nothing to choose the provider is dialled at once.

import type { Dialect, Rejection } from '../../../adapters/realtime/contract/dialect.ts';
import type { FirstFrame } from '../../../adapters/realtime/contract/first-frame.ts';
import type { FirstName } from '../../../adapters/realtime/contract/names.ts';
import type { Handshake } from '../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { readObject } from '../../../codecs/json/object.ts';
import { allowProvider } from '../../../codecs/text/glob.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import { isRefusal } from '../../http/request/refusals.ts';
import type { Admission } from '../admission/admission.ts';
import { isJoining } from '../admission/authorize.ts';
import { readContinuation } from '../admission/continuation.ts';
import { chooseSubprotocol } from '../admission/endpoint.ts';
import { targetsAt } from '../targets/alias.ts';
import { readSurvival } from './survival.ts';

type Choice = Pick<Admission, 'candidates' | 'policy' | 'key' | 'secret'>;
type Known = Choice &
  Pick<Admission, 'handshake' | 'endpoint' | 'provider' | 'dialled' | 'pinned' | 'sessionId' | 'wait'>;

/** Lets pass those who name their model elsewhere, and a plain request, which has no messages. */
export function readFirstName(known: Known): Refusal | Promise<Pick<Admission, 'handshake'> | Refusal> | undefined {
  const { endpoint, handshake, dialled, wait, sessionId } = known;
  const { firstName } = endpoint.dialect;
  if (firstName === undefined || wait === undefined || dialled !== undefined) return undefined;
  if (handshake.firstFrame !== undefined || isJoining(known)) return undefined;
  if (!isNamedLater(known) || !hasChoice(known)) return undefined;
  const continuation = readContinuation(known);
  if (isRefusal(continuation)) return continuation;
  const answer = chooseSubprotocol(known);
  if (isRefusal(answer)) return answer;
  const survival = readSurvival(known);
  if (isRefusal(survival)) return survival;
  const { policy, pinned } = known;
  const { capabilities, pins } = endpoint.dialect;
  const own = pinned && pins?.modelIn(pinned);
  const form = {
    has: 'the model',
    read: (frame: Frame) => readName(frame, { dialect: endpoint.dialect, firstName, own }),
    refusalEvent: firstName.refusalEvent,
    unnamedMs: capabilities.speaksFirst === 'provider' ? policy.config.limits.firstNameMs : undefined,
  };
  return wait(form, { ...answer, ...survival, sessionId }).then((firstFrame) =>
    isRefusal(firstFrame) ? firstFrame : { handshake: withName({ ...handshake, firstFrame }, known) },
  );
}

/** A client that would hear its provider first, and names its model in the query, need not wait where that has none. */
function isNamedLater({ endpoint, handshake }: Pick<Known, 'endpoint' | 'handshake'>): boolean {
  const named = endpoint.resources(handshake);
  if (named === 'unknown') return true;
  const isQuiet = endpoint.dialect.capabilities.speaksFirst === 'client' || endpoint.namedIn === undefined;
  return named.length === 0 && isQuiet;
}

/** `own`: the name that the client secret pins, which takes the place of the client's. */
function readName(
  frame: Frame,
  { dialect, firstName, own }: { dialect: Dialect; firstName: FirstName; own: string | undefined },
): FirstFrame | Rejection {
  const models = dialect.modelsIn(frame);
  if (models !== undefined && 'code' in models) return models;
  const event = models && readObject(frame.data);
  const name = event && (own ?? firstName.nameIn(event));
  return { resources: name === undefined ? [] : [{ kind: 'model', name }] };
}

/** Puts the name into the query where the provider wants it there, too: all that holds of one in the query holds of it then. */
function withName(handshake: Handshake, { endpoint }: Pick<Known, 'endpoint'>): Handshake {
  const [first] = handshake.firstFrame?.resources ?? [];
  if (first === undefined || endpoint.namedIn === undefined || endpoint.namesInQuery?.(handshake) !== true)
    return handshake;
  const named = `${endpoint.namedIn}=${encodeURIComponent(first.name)}`;
  const rawQuery = handshake.rawQuery ? `${handshake.rawQuery}&${named}` : named;
  return { ...handshake, rawQuery, query: new URLSearchParams(rawQuery) };
}

/** Tells whether the client may have a name of `models` here, or more than one of the accounts that the path leaves. */
function hasChoice({ candidates, policy, key, secret }: Choice): boolean {
  const { models, providers } = policy.config;
  const lists = [key?.models, key?.teamModels, secret?.settings.models];
  const bound = secret?.settings.provider;
  const mayHave = (account: string) => (bound ?? account) === account && allowProvider(lists, account);
  const isAlias = Object.entries(models).some(([name, targets]) =>
    targetsAt(targets, { candidates, policy }).some(
      ({ provider }) => mayHave(provider) || lists.every((list) => list === undefined || list.includes(name)),
    ),
  );
  return (
    isAlias || candidates.filter(({ provider: { name } }) => Object.hasOwn(providers, name) && mayHave(name)).length > 1
  );
}
