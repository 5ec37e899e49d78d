// Reads the result of a side task into something to show: built-in kinds by their shape, others as names and values.

import type { JsonObject } from '../../../codecs/json-object.ts';
import { listOrEmpty, numberOrUndefined, objectOrEmpty, textOrEmpty } from './loose-json.ts';

interface Criterion {
  readonly name: string;
  /** 0 to 1. */
  readonly score: number | undefined;
  readonly reason: string;
}

interface ActionItem {
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

interface Field {
  readonly name: string;
  readonly value: string;
}

/** The result in its shape; undefined when there is nothing to show. */
export function readResult(kind: string, result: unknown): Result | undefined {
  if (result === undefined || result === null) return undefined;
  return readers[kind]?.(objectOrEmpty(result)) ?? readFields(result);
}

type Reader = (result: JsonObject) => Result | undefined;

const readText =
  (name: string, points: string): Reader =>
  (result) => {
    const text = textOrEmpty(result[name]);
    return text === '' ? undefined : { shape: 'text', text, points: texts(result[points]) };
  };

const readers: Readonly<Record<string, Reader>> = {
  title: readText('title', ''),
  summary: readText('summary', 'points'),
  'rolling-summary': readText('summary', 'open'),
  classification(result) {
    const labels = [...texts(result.labels), ...texts([result.label])];
    return labels.length === 0
      ? undefined
      : { shape: 'labels', labels, confidence: numberOrUndefined(result.confidence) };
  },
  'sentiment-and-outcome'(result) {
    const [sentiment, outcome] = [textOrEmpty(result.sentiment), textOrEmpty(result.outcome)];
    return sentiment === '' && outcome === ''
      ? undefined
      : { shape: 'verdict', sentiment, outcome, reason: textOrEmpty(result.reason) };
  },
  'action-items'(result) {
    if (!Array.isArray(result.items)) return undefined;
    const items = result.items.map(readItem).filter(({ what }) => what !== '');
    return { shape: 'items', items };
  },
  quality(result) {
    const criteria = listOrEmpty(result.criteria).map(readCriterion);
    const overall = scoreOf(result.overall);
    return overall === undefined && criteria.length === 0 ? undefined : { shape: 'score', overall, criteria };
  },
  moderation: (result) =>
    typeof result.flagged === 'boolean'
      ? { shape: 'flags', flagged: result.flagged, words: flagWords(result) }
      : undefined,
};

function readItem(item: unknown): ActionItem {
  const { action, what, owner, who, due, when } = objectOrEmpty(item);
  return { what: textOrEmpty(action ?? what), who: textOrEmpty(owner ?? who), when: textOrEmpty(due ?? when) };
}

function readCriterion({ name, score, reason }: JsonObject): Criterion {
  return { name: textOrEmpty(name), score: scoreOf(score), reason: textOrEmpty(reason) };
}

/** Severity and categories; empty when nothing was flagged. */
function flagWords({ flagged, severity, categories }: JsonObject): string[] {
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
  return Array.isArray(value) ? value.map(textOrEmpty).filter((text) => text !== '') : [];
}

function scoreOf(value: unknown): number | undefined {
  const score = numberOrUndefined(value);
  return score === undefined ? undefined : Math.min(1, Math.max(0, score));
}
