// The body of a result: built-in kinds in their own ways; another kind, or a result of another form, by its names and values.

import type { VNode } from 'preact';
import * as z from 'zod/mini';
import { formatPercent } from '../../state/format.ts';

// The page's policy allows no code that is made while it runs.
z.config({ jitless: true });

const text = z.string();
const texts = z.array(text);
const share = z.number();

/** Shows results of one form; undefined for any other. */
function viewOf<Form extends z.ZodMiniType>(form: Form, show: (result: z.infer<Form>) => VNode) {
  return (result: unknown): VNode | undefined => {
    const { success, data } = form.safeParse(result);
    return success ? show(data) : undefined;
  };
}

const views: Readonly<Record<string, ReturnType<typeof viewOf>>> = {
  title: viewOf(z.object({ title: text }), ({ title }) => <p class="result-title">{title}</p>),
  summary: viewOf(z.object({ summary: text, points: texts }), ({ summary, points }) => (
    <Summary summary={summary} points={points} />
  )),
  'rolling-summary': viewOf(z.object({ summary: text, open: texts }), ({ summary, open }) => (
    <Summary summary={summary} points={open} />
  )),
  classification: viewOf(z.object({ label: text, confidence: share }), ({ label, confidence }) => (
    <ul class="labels">
      <li class="label">{label}</li>
      <li class="muted">{formatPercent(confidence)} sure</li>
    </ul>
  )),
  'sentiment-and-outcome': viewOf(
    z.object({ sentiment: text, outcome: text, reason: text }),
    ({ sentiment, outcome, reason }) => (
      <>
        <ul class="labels">
          <li class={`label label-${sentiment}`}>{sentiment}</li>
          <li class="label">{outcome}</li>
        </ul>
        <p class="result-reason">{reason}</p>
      </>
    ),
  ),
  'action-items': viewOf(
    z.object({ items: z.array(z.object({ action: text, owner: text, due: z.nullable(text) })) }),
    ({ items }) =>
      items.length === 0 ? (
        <p class="result-reason">Nothing to do was agreed on.</p>
      ) : (
        <ul class="points">
          {items.map(({ action, owner, due }, at) => (
            <li key={`${at}-${action}`}>
              {action} <span class="muted">{due === null ? owner : `${owner}, ${due}`}</span>
            </li>
          ))}
        </ul>
      ),
  ),
  moderation: viewOf(
    z.object({ flagged: z.boolean(), severity: text, categories: texts }),
    ({ flagged, severity, categories }) => (
      <ul class="labels">
        {(flagged ? ['flagged', severity, ...categories] : ['not flagged']).map((word) => (
          <li key={word} class={flagged ? 'label label-negative' : 'label'}>
            {word}
          </li>
        ))}
      </ul>
    ),
  ),
  quality: viewOf(
    z.object({ overall: share, criteria: z.array(z.object({ name: text, score: share, reason: text })) }),
    ({ overall, criteria }) => (
      <div class="scores">
        <p class="score-overall">
          <strong>{formatPercent(overall)}</strong> <span class="muted">over all</span>
        </p>
        <ul class="criteria">
          {criteria.map(({ name, score, reason }) => (
            <li key={name} title={reason}>
              <span>{name}</span>
              <ScoreBar score={score} />
              <span class="figure">{formatPercent(score)}</span>
            </li>
          ))}
        </ul>
      </div>
    ),
  ),
};

export function ResultBody({ kind, result }: { kind: string; result: unknown }) {
  const known = views[kind]?.(result);
  if (known !== undefined) return known;
  if (typeof result !== 'object' || result === null) return <p class="result-text">{String(result)}</p>;
  return (
    <dl class="result-fields">
      {Object.entries(result).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{readable(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Summary({ summary, points }: { summary: string; points: readonly string[] }) {
  return (
    <>
      <p class="result-text">{summary}</p>
      {points.length > 0 && (
        <ul class="points">
          {points.map((point) => (
            <li key={point}>{point}</li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Score as an SVG, whose geometry is in attributes: the page's policy allows no style attributes. */
function ScoreBar({ score }: { score: number }) {
  return (
    <svg class="score-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-track" width="100" height="6" />
      <rect class="score-fill" width={score * 100} height="6" />
    </svg>
  );
}

function readable(value: unknown): string {
  if (value === null || value === '') return '–';
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(', ') || '–';
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
}
