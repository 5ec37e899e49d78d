// Asks the gateway over HTTP: what is configured, how a session went, why an upgrade was refused.

import { parseJson } from '../../../codecs/json/object.ts';
import { objectOrEmpty, textOrEmpty } from './loose-json.ts';

export interface ProviderStatus {
  readonly name: string;
  readonly status: 'configured' | 'rehearsal' | 'missing';
  readonly dialects: readonly { readonly name: string; readonly path: string }[];
}

export interface GatewayInfo {
  readonly mode: 'open' | 'keys';
  readonly providers: readonly ProviderStatus[];
  readonly version: string;
  /** Kinds of side tasks that sessions get, and what becomes of their text; undefined for a gateway without a side path. */
  readonly side?: { readonly tasks: readonly string[]; readonly transcripts: string };
  /** Its listener for TLS; `trust`: variables such as `NODE_EXTRA_CA_CERTS=...`, for a shell, where its certificate is one for development. */
  readonly tls?: TlsFacts;
}

export interface TlsFacts {
  readonly port: number;
  readonly trust?: readonly string[];
}

/** Microseconds that frames of one direction spent inside the gateway's process, from the receipt until after the send. */
export interface ResidenceTimes {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

/** The part of a session's record that the page reads. */
export interface SessionReport {
  readonly state: 'open' | 'closed';
  readonly residenceUs: { readonly upstream: ResidenceTimes; readonly downstream: ResidenceTimes };
}

type Fetch = typeof fetch;

export async function readGatewayInfo(get: Fetch): Promise<GatewayInfo> {
  const response = await get('/console.json', { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
  return (await response.json()) as GatewayInfo;
}

export function sessionUrl(id: string): string {
  return `/v1/sessions/${encodeURIComponent(id)}`;
}

/** Reads the gateway's record of a session; undefined while it has none. */
export async function readSessionReport(get: Fetch, id: string, key: string): Promise<SessionReport | undefined> {
  const response = await get(sessionUrl(id), { headers: authorization(key) });
  return response.ok ? ((await response.json()) as SessionReport) : undefined;
}

export interface Diagnosis {
  readonly status: number;
  readonly message: string;
}

/**
 * Finds out why a WebSocket was refused. A browser hides the status of a failed upgrade, so the same address is asked
 * with a plain GET, which the gateway answers with the reason. Undefined when the gateway cannot be reached.
 */
export async function diagnose(get: Fetch, url: string, key: string): Promise<Diagnosis | undefined> {
  try {
    const response = await get(url, { headers: authorization(key) });
    return { status: response.status, message: messageOf(await response.text()) };
  } catch {
    return undefined;
  }
}

/** Headers with the credential, for a gateway that asks for one. */
export function authorization(key: string): Record<string, string> {
  return key === '' ? {} : { authorization: `Bearer ${key}` };
}

function messageOf(body: string): string {
  const value = parseJson(body);
  if (value === undefined) return body.slice(0, 300);
  const problem = objectOrEmpty(Array.isArray(value) ? value[0] : value);
  return (
    textOrEmpty(objectOrEmpty(problem.error).message) || textOrEmpty(problem.message) || textOrEmpty(problem.error)
  );
}

/** Address that a session dials: the gateway that the page came from. */
export function sessionAddress(origin: string, path: string, query: Record<string, string>): URL {
  const url = new URL(path, origin.replace(/^http/, 'ws'));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}
