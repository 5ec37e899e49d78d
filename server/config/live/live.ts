// The configuration in force in one process: another one can take its place while the process runs.

import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { Config } from '../config.ts';

export class LiveConfig {
  /** Its parts, such as `limits`, stay the same objects; what they say is what is in force at the time when it is read. */
  readonly config: Config;
  #now: Config;

  constructor(initial: Config) {
    this.#now = initial;
    this.config = Object.fromEntries(Object.entries(initial).map(([name, part]) => [name, copyOf(part)])) as never;
  }

  /** The configuration in force, as one that never changes: for what must not be of two configurations, and to be sent. */
  get now(): Config {
    return this.#now;
  }

  use(next: Config): void {
    this.#now = next;
    replace(this.config as unknown as Mapping, next as unknown as Mapping, (part, other) => {
      if (!isMapping(part) || !isMapping(other)) return copyOf(other);
      replace(part, other, (_, value) => value);
      return part;
    });
  }
}

type Mapping = Record<string, unknown>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const copyOf = (part: unknown): unknown => (isMapping(part) ? { ...part } : part);

/** Gives a mapping the names of another one, with the values that are made of both. */
function replace(mapping: Mapping, other: Mapping, made: (own: unknown, other: unknown) => unknown): void {
  for (const name of Object.keys(mapping)) if (!(name in other)) delete mapping[name];
  for (const [name, value] of Object.entries(other)) mapping[name] = made(mapping[name], value);
}

const HASH_BYTES = 8;
const stretched = promisify<string, string, number, Buffer>(scrypt);

/**
 * Names a configuration: 16 hexadecimal digits, the same for the same content on any machine. It takes so long (scrypt) that nobody finds a secret
 * by trying, who knows all the rest.
 */
export async function hashOf({ dataDirectory: _, ...content }: Config): Promise<string> {
  return (await stretched(JSON.stringify(content), 'trunkline configuration', HASH_BYTES)).toString('hex');
}
