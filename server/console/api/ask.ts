// Asks the gateway for JSON, as a key (below `/v1`) or as the operator of the admin listener. Refusals are values.

import { type JsonObject, parseJson } from '../../../codecs/json/object.ts';
import { authorization } from './gateway.ts';
import { listOrEmpty, objectOrEmpty, textOrEmpty } from './loose-json.ts';

export type ApiAnswer<T> = { readonly kind: 'ok'; readonly value: T } | ApiProblem;

/** `refused`: the credential is wrong or missing; `absent`: there is no such thing. */
export interface ApiProblem {
  readonly kind: 'refused' | 'absent' | 'failed';
  /** The words of the gateway. */
  readonly message: string;
  /** The field of the body that was wrong: `budgets[0].maxUsd`. */
  readonly field?: string;
}

export interface Api {
  /** `/v1` for a key, '' for the operator. */
  readonly prefix: string;
  ask<T>(path: string, request?: Request): Promise<ApiAnswer<T>>;
}

interface Request {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly body?: object | undefined;
}

interface ApiOptions {
  readonly fetch: typeof fetch;
  readonly prefix: Api['prefix'];
  /** '' where there is none. */
  credential(): string;
  /** Called where the credential is not accepted. */
  onRefused?(): void;
}

export function createApi({ fetch: send, prefix, credential, onRefused }: ApiOptions): Api {
  return {
    prefix,
    async ask<T>(path: string, request?: Request): Promise<ApiAnswer<T>> {
      try {
        const response = await send(prefix + path, initOf(request, credential()));
        if (response.status === 401) onRefused?.();
        const text = await response.text();
        if (response.ok) return { kind: 'ok', value: (text === '' ? undefined : JSON.parse(text)) as T };
        return { kind: kinds[response.status] ?? 'failed', ...problemOf(text, response.status) };
      } catch {
        return { kind: 'failed', message: 'the gateway does not answer' };
      }
    },
  };
}

function initOf(request: Request | undefined, credential: string): RequestInit {
  const headers = { accept: 'application/json', ...authorization(credential) };
  if (request?.body === undefined) return { method: request?.method ?? 'GET', headers };
  const body = JSON.stringify(request.body);
  return { method: request.method, headers: { ...headers, 'content-type': 'application/json' }, body };
}

const kinds: Readonly<Record<number, 'absent' | 'refused'>> = { 401: 'refused', 404: 'absent', 501: 'absent' };

/** Reads the sentence of a problem: below `/v1` in one of the shapes of providers, else plain. */
function problemOf(body: string, status: number): Pick<ApiProblem, 'message' | 'field'> {
  const problem = objectOrEmpty(parseJson(body));
  const error = objectOrEmpty(problem.error);
  const message = textOrEmpty(error.message) || textOrEmpty(problem.message) || reasonsIn(problem);
  const field = textOrEmpty(error.field);
  return { message: message || `the gateway answered with the status ${status}`, ...(field !== '' && { field }) };
}

/** The reasons of a `/readyz` that says no, each once. */
function reasonsIn(problem: JsonObject): string {
  const reasons = Object.values(problem).flatMap((part) => listOrEmpty(objectOrEmpty(part).reasons));
  return [...new Set(reasons.map(({ message }) => textOrEmpty(message)))].join('; ');
}
