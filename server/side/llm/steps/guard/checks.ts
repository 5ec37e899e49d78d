// The checks of one side of the calls of a class, made when its configuration comes into force. Rule: a check that cannot be made says so, and
// blocks where its class does not let it pass.

import type { GuardCheck } from '../../../../config/side/words-schema.ts';
import { bounded, isOverTime } from '../../answer/json-schema.ts';
import type { Call, Checked, Router } from '../../call.ts';
import { wordRules } from '../redact/rules.ts';
import { moderated } from './moderation.ts';

type Side = 'input' | 'output';

/** The result of one check. `found`: names of rules or categories, never words. */
interface Finding {
  readonly name: string;
  readonly action: 'block' | 'flag';
  readonly found: readonly string[];
  /** No verdict came. */
  readonly isUnavailable?: true;
}

/** The checks of one side of a call: which of them blocks, and the text for header, row and span: `input=flag:violence;ms=12`. */
export interface SideChecked extends Checked {
  readonly blockedBy?: Finding | undefined;
  readonly tookMs: number;
}

interface Asking {
  readonly call: Call;
  readonly run: Router['run'];
}

type Check = (texts: readonly string[], asking: Asking) => Promise<Finding>;
export type CheckSide = (texts: readonly string[], asking: Asking) => Promise<SideChecked>;

/** Longest time of the rules of one check on one call. */
const MAX_RULES_MS = 200;

/** Returns what makes all checks of a side at once; undefined without any. */
export function sideChecks(side: Side, configs: readonly GuardCheck[] | undefined): CheckSide | undefined {
  if (configs === undefined) return undefined;
  const checks = configs.map((config, index) => checkOf(config, config.name ?? `${side}-${index + 1}`));
  return async (texts, asking) => {
    const startedAt = performance.now();
    const findings = await Promise.all(checks.map((check) => check(texts, asking)));
    const tookMs = performance.now() - startedAt;
    const blockedBy = findings.find(({ action, found }) => action === 'block' && found.length > 0);
    return { words: wordsOf(side, findings, tookMs), isBlocked: blockedBy !== undefined, blockedBy, tookMs };
  };
}

function checkOf(config: GuardCheck, name: string): Check {
  const { action, moderation } = config;
  const isFound = moderation === undefined ? rulesOf(config) : undefined;
  return async (texts, asking) => {
    if (isFound !== undefined) return { name, action, found: foundInTime(() => isFound(texts)) };
    if (moderation === undefined) throw new Error('a check without rules');
    const found = await moderated(moderation, texts, asking);
    if (found !== undefined) return { name, action, found };
    const isPassed = moderation.whenUnavailable === 'pass' || action === 'flag';
    return { name, action: isPassed ? 'flag' : 'block', found: ['unavailable'], isUnavailable: true };
  };
}

function foundInTime(find: () => readonly string[]): readonly string[] {
  try {
    return bounded(find, MAX_RULES_MS);
  } catch (error) {
    if (isOverTime(error)) return ['too-slow'];
    throw error;
  }
}

/** Returns what names the rules that texts break. */
function rulesOf({ kinds, patterns, words, maxChars }: GuardCheck): (texts: readonly string[]) => readonly string[] {
  const rules = wordRules({ kinds, patterns });
  const named = words && wordsPattern(words);
  return (texts) => {
    const found = new Set(texts.flatMap((text) => rules.find(text).map(({ kind }) => kind)));
    if (named !== undefined && texts.some((text) => named.test(text))) found.add('words');
    const chars = texts.reduce((sum, { length }) => sum + length, 0);
    if (maxChars !== undefined && chars > maxChars) found.add('maxChars');
    return [...found];
  };
}

const wordsPattern = (words: readonly string[]): RegExp =>
  new RegExp(
    `(?<![\\p{L}\\p{N}])(?:${words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|')})(?![\\p{L}\\p{N}])`,
    'iu',
  );

/** `input=flag:violence+card;ms=12`, `output=pass;ms=3`. */
function wordsOf(side: Side, findings: readonly Finding[], tookMs: number): string {
  const names = (wanted: Finding['action']) =>
    findings.flatMap(({ action, found }) => (action === wanted ? found.map(headerWord) : []));
  const [blocked, flagged] = [names('block'), names('flag')];
  const parts = [
    ...(blocked.length > 0 ? [`block:${blocked.join('+')}`] : []),
    ...(flagged.length > 0 ? [`flag:${flagged.join('+')}`] : []),
  ];
  return `${side}=${parts.length > 0 ? parts.join(';') : 'pass'};ms=${Math.round(tookMs)}`;
}

const headerWord = (name: string): string => name.replace(/[^\w./-]/g, '?').slice(0, 64);
