// What a task found, as something to show: the built-in kinds by their shape, anything else as names and values.

import { listOf, objectOf, textOf } from '../dialects/dialect.ts';

export interface Criterion {
  readonly name: string;
  /** 0 to 1. */
  readonly score: number | undefined;
  readonly reason: string;
}

export interface ActionItem {
  readonly what: string;
  readonly who: string;
  readonly when: string;
}

export type Result =
  | { readonly shape: 'text'; readonly text: string; readonly points: readonly string[] }
  | { readonly shape: 'labels'; readonly labels: readonly string[]; readonly confidence: number | undefined }
  | { readonly shape: 'verdict'; readonly sentiment: string; readonly outcome: string; readonly reason: string }
  | { readonly shape: 'items'; readonly items: readonly ActionItem[] }
  | { readonly shape: 'score'; readonly overall: number | undefined; readonly criteria: readonly Criterion[] }
  | { readonly shape: 'flags'; readonly flagged: boolean; readonly words: readonly string[] }
  | { readonly shape: 'fields'; readonly fields: readonly Field[] };

export interface Field {
  readonly name: string;
  readonly value: string;
}

/** undefined: nothing that could be shown. */
export function readResult(kind: string, result: unknown): Result | undefined {
  if (result === undefined || result === null) return undefined;
  return readers[kind]?.(objectOf(result)) ?? readFields(result);
}

type Reader = (result: Record<string, unknown>) => Result | undefined;

const readText =
  (name: string, points: string): Reader =>
  (result) => {
    const text = textOf(result[name]);
    return text === '' ? undefined : { shape: 'text', text, points: texts(result[points]) };
  };

const readers: Readonly<Record<string, Reader>> = {
  title: readText('title', ''),
  summary: readText('summary', 'points'),
  'rolling-summary': readText('summary', 'open'),
  classification(result) {
    const labels = [...texts(result.labels), ...texts([result.label])];
    return labels.length === 0 ? undefined : { shape: 'labels', labels, confidence: numberOf(result.confidence) };
  },
  'sentiment-and-outcome'(result) {
    const [sentiment, outcome] = [textOf(result.sentiment), textOf(result.outcome)];
    return sentiment === '' && outcome === ''
      ? undefined
      : { shape: 'verdict', sentiment, outcome, reason: textOf(result.reason) };
  },
  'action-items'(result) {
    if (!Array.isArray(result.items)) return undefined;
    const items = result.items.map((item) => readItem(item)).filter(({ what }) => what !== '');
    return { shape: 'items', items };
  },
  quality(result) {
    const criteria = listOf(result.criteria).map((one) => readCriterion(objectOf(one)));
    const overall = scoreOf(result.overall);
    return overall === undefined && criteria.length === 0 ? undefined : { shape: 'score', overall, criteria };
  },
  moderation: (result) =>
    typeof result.flagged === 'boolean'
      ? { shape: 'flags', flagged: result.flagged, words: flagWords(result) }
      : undefined,
};

function readItem(item: unknown): ActionItem {
  const { action, what, owner, who, due, when } = objectOf(item);
  return { what: textOf(action ?? what), who: textOf(owner ?? who), when: textOf(due ?? when) };
}

function readCriterion({ name, score, reason }: Record<string, unknown>): Criterion {
  return { name: textOf(name), score: scoreOf(score), reason: textOf(reason) };
}

/** How bad, and what; nothing where there is nothing. */
function flagWords({ flagged, severity, categories }: Record<string, unknown>): string[] {
  return flagged === true ? texts([severity, ...(Array.isArray(categories) ? categories : [])]) : [];
}

function readFields(result: unknown): Result {
  if (typeof result !== 'object' || result === null) return { shape: 'text', text: String(result), points: [] };
  const fields = Object.entries(result).map(([name, value]) => ({ name, value: readable(value) }));
  return { shape: 'fields', fields };
}

function readable(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '–' : value;
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(', ') || '–';
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string' && one !== '') : [];
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function scoreOf(value: unknown): number | undefined {
  const score = numberOf(value);
  return score === undefined ? undefined : Math.min(1, Math.max(0, score));
}
