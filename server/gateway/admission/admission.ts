// Describes what is known of a request to open a session. Each phase of admission takes what it needs of it and adds its part.

import type { IncomingMessage } from 'node:http';
import type { FirstFrame, FirstFrameForm } from '../../../adapters/realtime/contract/first-frame.ts';
import type { SoundRates } from '../../../adapters/realtime/contract/metering.ts';
import type { Renaming } from '../../../adapters/realtime/contract/names.ts';
import type { Handshake, Provider, ServedEndpoint, Upstream } from '../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { JsonObject } from '../../../codecs/json/object.ts';
import type { Key, ModelTarget, Preconnect } from '../../config/config.ts';
import type { AccountEndpoint } from '../../config/providers/table.ts';
import type { RequestPolicy } from '../../http/request/policy.ts';
import type { StoredSecret } from '../../ipc/stored-keys.ts';
import type { DataClass } from '../../ipc/stored-rows.ts';
import type { SessionContext } from '../../session/subject.ts';
import type { Survives } from '../../transport/upgrade.ts';
import type { AccountTokens } from '../credentials/account-tokens.ts';
import type { Breakers } from '../targets/breakers.ts';
import type { Targets } from '../targets/targets.ts';

/** Everything that a gateway decides by. */
export interface AdmissionPolicy extends RequestPolicy {
  /** URL of the rehearsal provider; undefined when no provider is rehearsed. */
  readonly rehearsalUrl?: string | undefined;
  /** Gives the credentials of accounts that have a command for them. */
  readonly tokens: Pick<AccountTokens, 'of'>;
  /** Knows which accounts are ill. */
  readonly breakers: Pick<Breakers, 'blocked' | 'isOpen' | 'watch'>;
  /** Names of the providers whose account several keys share: see `sharedAccounts`. */
  readonly shared: ReadonlySet<string>;
}

export interface Admission {
  readonly request: IncomingMessage;
  readonly handshake: Handshake;
  readonly policy: AdmissionPolicy;
  /** The address of the client. */
  readonly address: string;
  /** False for a plain request, which only asks what an upgrade would be told. */
  readonly isUpgrade: boolean;
  /** True for a client that comes back to a session which was moved: it uses its credential no second time. */
  readonly isReturn?: boolean | undefined;
  /** Answers with the 101 and waits for the first message; undefined where nothing may be answered: see `isUpgrade`. */
  readonly wait?: WaitForFirst | undefined;
  /** The id in the 101, where that was answered before anything else is known of the client. */
  readonly answered?: Pick<Admission, 'sessionId' | 'isOffered'> | undefined;
  /** All that may serve the path, the best one first. */
  readonly candidates: readonly AccountEndpoint[];
  /** The same at other accounts, at their own paths, where these are not paths of sessions. */
  readonly elsewhere?: readonly AccountEndpoint[] | undefined;
  /** It has the name of its account. Until the client is known it is that of the first candidate. */
  readonly provider: Provider;
  readonly endpoint: ServedEndpoint;
  /** The target that this is the admission at, and the others in their turn, where the client asks for a name of `models`. */
  readonly target?: ModelTarget | undefined;
  readonly targets?: Targets<Admission> | undefined;
  /** The model as the client names it in the query, with an account before it, and as the provider knows it. */
  readonly renamed?: Renaming | undefined;
  /** The subprotocol that the client is answered with; undefined where it offers none. */
  readonly subprotocol: string | undefined;
  /** The client secret that the client presents; undefined where its credential is a key. */
  readonly presented: string | undefined;
  /** The key of the client, or the one that made its secret; undefined in open mode. */
  readonly key: Key | undefined;
  /** The row of the client's secret, whose terms narrow what the key may; undefined where the client has a key. */
  readonly secret: StoredSecret | undefined;
  /** The model, agent or deployment that the handshake names; undefined where only frames do, or none can be known. */
  readonly model: string | undefined;
  readonly promptClass: string;
  readonly dataClass: DataClass;
  /** Seconds that the session may last, by its key, secret and class; undefined: as long as `limits.sessionMs` lets it. */
  readonly maxSeconds: number | undefined;
  /** Most that the session may cost, by its key and class; undefined: as much as its budgets let it. */
  readonly maxMicroUsd: number | undefined;
  readonly upstream: Upstream;
  /** The credential of the configured account, which no answer repeats; undefined where the client's own is forwarded. */
  readonly ownCredential?: string | undefined;
  /** True when the upstream may be a private address. */
  readonly allowPrivate: boolean;
  /** True when the rehearsal provider answers. */
  readonly isRehearsal: boolean;
  /** Connections to open ahead; undefined where none is. */
  readonly preconnect: Preconnect | undefined;
  /** True when the key may refer only to what the provider handed out to it: others share its account. */
  readonly bindsIds: boolean;
  /** Set where it joins a call that a session of this gateway counts already. */
  readonly isJoined?: boolean | undefined;
  readonly sessionId: string;
  /** True when the id is the client's own. */
  readonly isOffered: boolean;
  /** The earlier session that this one continues. */
  readonly continues: string | undefined;
  /** The text that the provider is told of the earlier session, once it was read. */
  readonly context?: SessionContext | undefined;
  /** The session that the provider made before, by the client secret: the URL of its socket, which opens it by itself, and what is known of it. */
  readonly dialled?:
    | { readonly url: string; readonly model?: string | undefined; readonly sound?: SoundRates | undefined }
    | undefined;
  /** The ends whose sockets the session survives; undefined: neither. */
  readonly survives?: Survives | undefined;
  /** The settings that the client secret pins. */
  readonly pinned?: JsonObject | undefined;
}

/** The first message that is waited for. */
export interface AwaitedForm extends Pick<FirstFrameForm, 'read' | 'refusalEvent'> {
  /** The thing that it is read for, with its article. */
  readonly has: string;
  /** Time after which a client that has sent nothing is taken to name nothing; undefined: it is refused. */
  readonly unnamedMs?: number | undefined;
}

/** `form`: of the first message. The rest is what the 101 tells. */
export type WaitForFirst = (
  form: AwaitedForm,
  answer: Pick<Admission, 'subprotocol' | 'sessionId' | 'survives'>,
) => Promise<FirstFrame | Refusal>;

/** The part that is known before the first phase. */
export type AdmissionRequest = Pick<
  Admission,
  'request' | 'handshake' | 'policy' | 'address' | 'isUpgrade' | 'isReturn' | 'wait'
>;
