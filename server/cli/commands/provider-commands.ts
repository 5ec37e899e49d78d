// The command that compares a real provider with what is declared of it. Its key is never an argument, and nothing of it is printed.

import { text } from 'node:stream/consumers';
import { providers as kinds } from '../../../adapters/realtime/index.ts';
import { expectedName } from '../../../codecs/text/nearest-names.ts';
import type { Config, ProviderConfig } from '../../config/config.ts';
import { FORWARD_CLIENT } from '../../config/file/words.ts';
import { accountsOf } from '../../config/providers/accounts.ts';
import { pathsOf } from '../../config/providers/dial-paths.ts';
import { providerSchema } from '../../config/providers/schema.ts';
import { checkHandshakes, type HandshakeCheck } from '../handshake-checks.ts';
import { tokenOf } from '../online.ts';
import { type Command, UsageError } from './command.ts';

export const providerCommands = {
  async *checkProvider({ config, id, options, isKeyOnStdin }) {
    const { model, path, format, 'base-url': baseUrl } = options;
    const account = await accountFor(id, config, { key: isKeyOnStdin ? await keyOnStdin() : undefined, baseUrl });
    const provider = kinds.get(account.kind);
    if (provider === undefined) throw new UsageError(`${account.kind} is no kind`);
    const checked = { provider, account, config, model, path, givenBy: { path: '--path', model: '--model' } };
    if (path !== undefined && !path.startsWith('/')) throw new UsageError('--path: expected a path that begins with /');
    const paths = pathsOf(checked);
    if (path !== undefined && paths.every(({ dialled }) => dialled === undefined))
      throw new UsageError(`--path: ${provider.name} is not dialled there: ${paths[0]?.skipped}`);
    const dials = paths.flatMap(({ dialled }) => (dialled === undefined ? [] : [shownUrl(dialled.url)]));
    const note = 'connected time and sessions may cost a little';
    yield format === 'jsonl'
      ? line({ account: id, kind: provider.name, dials, note })
      : `dials as ${id}, with the key and with a wrong one (${note}):\n${dials.map((url) => `  ${url}\n`).join('')}`;
    let differing = 0;
    for await (const check of checkHandshakes(checked, paths)) {
      if (check.outcome === 'differs') differing += 1;
      yield format === 'jsonl' ? line(check) : sentence(check);
    }
    if (differing > 0) throw new Error(`${differing} of these differ from what is declared`);
  },
} as const satisfies Readonly<Record<string, Command>>;

const line = (value: object): string => `${JSON.stringify(value)}\n`;

function sentence({ outcome, name, declared, seen }: HandshakeCheck): string {
  const told = outcome === 'differs' ? `declared ${declared}; seen ${seen}` : seen;
  return `${outcome.padEnd(7)}  ${name}: ${told}\n`;
}

/** Leaves out the query, which may hold the key. */
function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

async function keyOnStdin(): Promise<string> {
  const key = (await text(process.stdin)).trim();
  if (key === '') throw new UsageError('--key-stdin: expected the key on standard input, got nothing');
  return key;
}

interface Given {
  readonly key: string | undefined;
  readonly baseUrl: string | undefined;
}

/** Returns the account with its credential. A base URL that is typed may be private. Throws a UsageError where there is no such account, or no key. */
async function accountFor(id: string, config: Config, { key, baseUrl }: Given): Promise<ProviderConfig> {
  const { preconnect: _, ...known } = config.providers[id] ?? {};
  const kind = kinds.get(config.providers[id]?.kind ?? id);
  if (kind === undefined)
    throw new UsageError(
      `unknown account or kind: ${expectedName(id, [...new Set([...Object.keys(config.providers), ...kinds.keys()])])}`,
    );
  const isKeyed = 'apiKey' in known || 'tokenCommand' in known || 'credentialsFile' in known;
  if (key === undefined && (!isKeyed || config.providers[id]?.apiKey === FORWARD_CLIENT))
    throw new UsageError(
      `no key of ${id}: expected it in the configuration, in ${kind.environment.join(' or ') || 'the environment'}, or by --key-stdin`,
    );
  const { apiKey, tokenCommand, credentialsFile, ...rest } = known as Partial<ProviderConfig>;
  const credential = key === undefined ? { apiKey, tokenCommand, credentialsFile } : { apiKey: key };
  const parsed = providerSchema.safeParse({
    ...rest,
    ...credential,
    ...(baseUrl !== undefined && { baseUrl, allowPrivate: true }),
  });
  const messages = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const accounts = parsed.success
    ? accountsOf({ [id]: parsed.data }, ({ path, message }) => messages.push(`${path}: ${message}`))
    : {};
  const account = accounts[id];
  if (account === undefined || messages.length > 0) throw new UsageError(messages.join('\n'));
  return { ...account, apiKey: account.apiKey ?? (await tokenOf(kind, account, config)) };
}
