// Keeps catalogues in the data directory, so that a start without the LLM gateway has what was known last, and all processes of a machine the same.
// Rule: a file is replaced whole, so that nobody reads half of one.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogueModel } from '../../../../adapters/llm/contract.ts';
import { isObject } from '../../../../codecs/json/object.ts';
import type { LlmGatewayConfig } from '../../../config/side/llm-schema.ts';

export interface KeptCatalogue {
  /** The endpoint that it is of: see `endpointOf`. */
  readonly endpoint: string;
  /** Times are milliseconds since the epoch. */
  readonly fetchedAt: number;
  readonly models: readonly CatalogueModel[];
  /** Models that are no longer there, by when they were seen last. */
  readonly gone: Readonly<Record<string, number>>;
}

/** Names what a catalogue is of, without its credential: another credential of the same endpoint has much the same models. */
export const endpointOf = ({ profile, baseUrl, residency, settings }: LlmGatewayConfig): string =>
  createHash('sha256')
    .update(JSON.stringify([profile, baseUrl, residency, settings]))
    .digest('hex')
    .slice(0, 16);

interface Place {
  readonly dataDirectory: string;
  /** Name of the LLM gateway. */
  readonly name: string;
}

const pathOf = ({ dataDirectory, name }: Place): string => join(dataDirectory, 'catalogues', `${name}.json`);

/** Returns what is kept of this endpoint; undefined where nothing is, or nothing that can be read. */
export function readKept(place: Place, endpoint: string): KeptCatalogue | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(pathOf(place), 'utf8'));
    return isKept(kept) && kept.endpoint === endpoint ? kept : undefined;
  } catch {
    return undefined;
  }
}

function isKept(value: unknown): value is KeptCatalogue {
  if (!isObject(value)) return false;
  const { endpoint, fetchedAt, models, gone } = value;
  return typeof endpoint === 'string' && Number.isFinite(fetchedAt) && Array.isArray(models) && isObject(gone);
}

/** When the file was written; undefined where there is none. */
export function keptAt(place: Place): number | undefined {
  return statSync(pathOf(place), { throwIfNoEntry: false })?.mtimeMs;
}

/** @throws where the folder takes no files. */
export function writeKept(place: Place, kept: KeptCatalogue): void {
  const path = pathOf(place);
  mkdirSync(join(place.dataDirectory, 'catalogues'), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, JSON.stringify(kept), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
