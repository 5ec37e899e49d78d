// Compares a real provider with what its adapter declares: its handshakes, who speaks first, and what a wrong key is told. Nothing is said in a session.

import { filled } from '../../adapters/realtime/index.ts';
import type { Config } from '../config/config.ts';
import { type DialledAccount, type DialledPath, type DialPath, upstreamTo } from '../config/providers/dial-paths.ts';
import { hear } from '../gateway/targets/first-message.ts';
import { proxyFor } from '../platform/outbound/proxy.ts';
import { type DialOutcome, dial } from '../transport/dial.ts';
import { askFree } from './online.ts';
import { maskOf, wrongKeyLike } from './secret-mask.ts';

/** One comparison. `seen`: for one that was skipped, the reason. */
export interface HandshakeCheck {
  readonly outcome: 'ok' | 'differs' | 'skipped';
  /** The path, and what of it was checked. */
  readonly name: string;
  readonly declared?: string;
  readonly seen: string;
}

interface CheckedAccount extends DialledAccount {
  readonly config: Config;
}

/** Longest wait for a connection and its 101, or for an answer over HTTP. */
const DIAL_MS = 10_000;
/** Waits for a first message, by who is declared to send it. */
const FIRST_MS = { provider: 5000, client: 2000 } as const;
/** Wait for a close behind the first message. */
const AFTER_FIRST_MS = 500;
const SHOWN_CHARACTERS = 200;

/** Dials one path after the other, then asks for what is free; yields each comparison when it is made. */
export async function* checkHandshakes(
  checked: CheckedAccount,
  paths: readonly DialPath[],
): AsyncIterable<HandshakeCheck> {
  const { apiKey = '' } = checked.account;
  const keys = { right: apiKey, wrong: wrongKeyLike(apiKey), say: sayer(apiKey) };
  for (const { path, dialled, skipped } of paths) {
    if (dialled === undefined) yield { outcome: 'skipped', name: path, seen: skipped };
    else yield* checkPath(checked, dialled, keys);
  }
  yield* checkFree(checked, keys);
}

interface Keys {
  readonly right: string;
  readonly wrong: string;
  /** Makes a provider's words fit to be shown. */
  readonly say: (text: string) => string;
}

function sayer(key: string): Keys['say'] {
  const mask = maskOf(key);
  return (text) => mask(text.replaceAll(/[\s\p{C}]+/gu, ' ').trim()).slice(0, SHOWN_CHARACTERS);
}

async function* checkPath(
  checked: CheckedAccount,
  dialled: DialledPath,
  { right, wrong, say }: Keys,
): AsyncIterable<HandshakeCheck> {
  const { path } = dialled.handshake;
  const { dialect } = dialled.endpoint;
  const { speaksFirst } = dialect.capabilities;
  const opened = await dialPath(checked, dialled, right);
  const declared = 'HTTP 101 without a subprotocol';
  if (opened.kind !== 'open') {
    yield compared(`${path} handshake`, declared, answerOf(opened, say), false);
    return yield skippedCheck(`${path} wrong key`, 'the right key opens nothing either');
  }
  yield compared(`${path} handshake`, declared, declared, true);
  const { first, left, close } = await hear(opened.socket, {
    dialect,
    waitMs: FIRST_MS[speaksFirst],
    afterFirstMs: AFTER_FIRST_MS,
  });
  const silence = left ? `nothing within ${FIRST_MS[speaksFirst]} ms` : 'nothing before its close';
  const spoke = first === undefined ? silence : `the provider: ${say(first)}`;
  const isAsDeclared = (first !== undefined) === (speaksFirst === 'provider');
  yield compared(`${path} first message`, `by the ${speaksFirst}`, spoke, isAsDeclared);
  yield compared(`${path} close`, 'open until the client closes', say(close), left);
  if (upstreamTo(dialled, checked, wrong).inFirstFrame !== undefined)
    return yield skippedCheck(`${path} wrong key`, 'it would be in the first message, which begins a session');
  const refused = await dialPath(checked, dialled, wrong);
  const isRefused = refused.kind === 'refused' && (refused.reply.status === 401 || refused.reply.status === 403);
  let came = answerOf(refused, say);
  if (refused.kind === 'open') {
    const heard = await hear(refused.socket, { dialect, waitMs: FIRST_MS.client, afterFirstMs: AFTER_FIRST_MS });
    came += `, then ${say([heard.first ?? 'no message', heard.left ? 'no close' : heard.close].join(', '))}`;
  }
  yield compared(`${path} wrong key`, 'HTTP 401 or 403', came, isRefused);
}

async function* checkFree(checked: CheckedAccount, { right, wrong, say }: Keys): AsyncIterable<HandshakeCheck> {
  const { provider, account, config } = checked;
  const { path, refusals } = provider.free;
  const [name = ''] = path.split('?');
  const place = /\{[^}]+\}/.exec(filled(path, account.settings))?.[0];
  if (place !== undefined) return yield skippedCheck(`GET ${name}`, `it needs ${place}`);
  const ask = async (key: string) => {
    const status = askFree(provider, { ...account, apiKey: key }, config, DIAL_MS);
    return status.catch((error: NodeJS.ErrnoException) => say(error.code ?? error.message));
  };
  const shown = (status: number | string) => (typeof status === 'number' ? `HTTP ${status}` : `no answer (${status})`);
  const well = await ask(right);
  yield compared(`GET ${name} right key`, 'HTTP 2xx', shown(well), typeof well === 'number' && well < 300);
  const ill = await ask(wrong);
  const isRefused = typeof ill === 'number' && refusals.includes(ill);
  yield compared(`GET ${name} wrong key`, `HTTP ${refusals.join(' or ')}`, shown(ill), isRefused);
}

const compared = (name: string, declared: string, seen: string, isAsDeclared: boolean): HandshakeCheck => {
  return { outcome: isAsDeclared ? 'ok' : 'differs', name, declared, seen };
};

const skippedCheck = (name: string, seen: string): HandshakeCheck => ({ outcome: 'skipped', name, seen });

async function dialPath(checked: CheckedAccount, dialled: DialledPath, key: string): Promise<DialOutcome> {
  const { account, config } = checked;
  const upstream = upstreamTo(dialled, checked, key);
  const proxy = proxyFor(new URL(upstream.url), config.proxy);
  const limits = { ...config.limits, dialMs: DIAL_MS };
  return dial({ upstream, limits, allowPrivate: account.allowPrivate, proxy, signal: new AbortController().signal });
}

function answerOf(outcome: DialOutcome, say: Keys['say']): string {
  if (outcome.kind === 'open') return 'HTTP 101';
  if (outcome.kind === 'failed') return say(outcome.refusal.message);
  return `HTTP ${outcome.reply.status} ${say(outcome.reply.body.toString())}`.trim();
}
