// Fetches the catalogue of an LLM gateway, by the rules of its calls: the credential, the proxy, no private address where none is allowed.
// Rule: what it reads is bounded in bytes, pages, models and time, and a page that is not of the same origin is not asked for.

import type { Readable } from 'node:stream';
import { type Agent, request } from 'undici';
import type { CatalogueModel, LlmCatalogue } from '../../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../../adapters/llm/index.ts';
import { readObject } from '../../../../codecs/json/object.ts';
import type { LlmGatewayConfig } from '../../../config/side/llm-schema.ts';
import type { SideConfig } from '../../../config/side-schema.ts';
import { publicAgent, readWithin } from '../../../platform/outbound/outbound-agent.ts';
import { PrivateAddressError } from '../../../platform/private-address.ts';
import { baseUrlOf } from '../policy.ts';

const DEADLINE_MS = 20_000;
const CONNECT_MS = 5000;
/** A longer page is not parsed, since that would hold up everything else. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const MAX_PAGES = 20;
const MAX_MODELS = 5000;

/** A fault in words that name no secret. */
export class CatalogueError extends Error {}

interface FetchOptions {
  readonly gateway: LlmGatewayConfig;
  readonly proxy?: SideConfig['proxy'];
  readonly signal?: AbortSignal;
}

type FirstRequest = ReturnType<LlmCatalogue['requests']>[number];

/** Resolves with the models, at least one and no two of a name. Rejects with a CatalogueError. */
export async function fetchCatalogue({ gateway, proxy, signal }: FetchOptions): Promise<readonly CatalogueModel[]> {
  const profile = llmProfiles.get(gateway.profile);
  if (profile === undefined) throw new CatalogueError(`no profile ${gateway.profile}`);
  const { apiKey = '', allowPrivate, settings } = gateway;
  const requests = profile.catalogue.requests({ baseUrl: baseUrlOf({ gateway, profile }) ?? '', apiKey, settings });
  const agent = publicAgent({ allowPrivate, connectMs: CONNECT_MS, proxy });
  const within = AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), ...(signal ? [signal] : [])]);
  try {
    return await firstOf(requests, (first) =>
      pagesFrom(first, { agent, signal: within, read: profile.catalogue.read }),
    );
  } catch (error) {
    throw new CatalogueError(wordsOf(error), { cause: error });
  } finally {
    void agent.destroy();
  }
}

class Refused extends CatalogueError {
  readonly status: number;
  constructor(status: number) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

/** Statuses that say that this path is not there, or not for this credential. */
const ELSEWHERE = [400, 401, 403, 404, 405, 501];

/** Rejects with the fault of the last request. */
async function firstOf<T>(requests: readonly FirstRequest[], ask: (first: FirstRequest) => Promise<T>): Promise<T> {
  let fault: unknown = new CatalogueError('nothing to ask for');
  for (const first of requests) {
    try {
      return await ask(first);
    } catch (error) {
      fault = error;
      if (!(error instanceof Refused && ELSEWHERE.includes(error.status))) break;
    }
  }
  throw fault;
}

interface PageMeans extends Pick<LlmCatalogue, 'read'> {
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

async function pagesFrom(first: FirstRequest, means: PageMeans): Promise<readonly CatalogueModel[]> {
  const models = new Map<string, CatalogueModel>();
  let url: string | undefined = first.url;
  for (let pages = 0; url !== undefined && pages < MAX_PAGES && models.size < MAX_MODELS; pages++) {
    const body = readObject(await bodyOf({ ...first, url }, means));
    const page = body && means.read(body);
    if (page === undefined) throw new CatalogueError('expected a list of models');
    const size = models.size;
    for (const model of page.models) if (models.size < MAX_MODELS && !models.has(model.id)) models.set(model.id, model);
    url = page.next === undefined || models.size === size ? undefined : nextUrl(page.next, url);
  }
  if (models.size === 0) throw new CatalogueError('it names no model');
  return [...models.values()];
}

/** @throws CatalogueError for another origin, which must not get the credential. */
function nextUrl(next: string, url: string): string {
  const found = URL.canParse(next, url) ? new URL(next, url) : undefined;
  if (found?.origin !== new URL(url).origin) throw new CatalogueError('its next page is elsewhere');
  return found.href;
}

async function bodyOf({ url, headers }: FirstRequest, { agent, signal }: PageMeans): Promise<Buffer> {
  const { statusCode, body } = await request(url, {
    headers: { accept: 'application/json', ...headers },
    dispatcher: agent,
    signal,
  });
  if (statusCode === 200) return readPage(body);
  body.on('error', () => {}).destroy();
  throw new Refused(statusCode);
}

async function readPage(body: Readable): Promise<Buffer> {
  const page = await readWithin(body, MAX_PAGE_BYTES);
  if (page === undefined) throw new CatalogueError(`a page of more than ${MAX_PAGE_BYTES} bytes`);
  return page;
}

function wordsOf(error: unknown): string {
  if (error instanceof CatalogueError) return error.message;
  if (error instanceof PrivateAddressError) return 'a private address, which is not allowed';
  const { name, code } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError') return `no answer within ${DEADLINE_MS} ms`;
  return `no connection${typeof code === 'string' ? ` (${code})` : ''}`;
}
