// The body of a result: each shape in its own way.

import type { Result } from '../../api/task-result.ts';

type Of<Shape extends Result['shape']> = Extract<Result, { shape: Shape }>;

export function ResultBody({ kind, result }: { kind: string; result: Result }) {
  switch (result.shape) {
    case 'text':
      return <Words {...result} isTitle={kind === 'title'} />;
    case 'labels':
      return <Labels {...result} />;
    case 'verdict':
      return <Verdict {...result} />;
    case 'items':
      return <ActionItems {...result} />;
    case 'score':
      return <Score {...result} />;
    case 'flags':
      return <Flags {...result} />;
    case 'fields':
      return <Fields {...result} />;
  }
}

function Words({ text, points, isTitle }: Of<'text'> & { readonly isTitle: boolean }) {
  return (
    <>
      <p class={isTitle ? 'result-title' : 'result-text'}>{text}</p>
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

function Labels({ labels, confidence }: Of<'labels'>) {
  return (
    <ul class="labels">
      {labels.map((label) => (
        <li key={label} class="label">
          {label}
        </li>
      ))}
      {confidence !== undefined && <li class="muted">{percent(confidence)} sure</li>}
    </ul>
  );
}

function Verdict({ sentiment, outcome, reason }: Of<'verdict'>) {
  return (
    <>
      <ul class="labels">
        {sentiment !== '' && <li class={`label label-${sentiment}`}>{sentiment}</li>}
        {outcome !== '' && <li class="label">{outcome}</li>}
      </ul>
      {reason !== '' && <p class="result-reason">{reason}</p>}
    </>
  );
}

function Flags({ flagged, words }: Of<'flags'>) {
  return (
    <ul class="labels">
      <li class={flagged ? 'label label-negative' : 'label'}>{flagged ? 'flagged' : 'not flagged'}</li>
      {words.map((word) => (
        <li key={word} class="label label-negative">
          {word}
        </li>
      ))}
    </ul>
  );
}

function Fields({ fields }: Of<'fields'>) {
  return (
    <dl class="result-fields">
      {fields.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function ActionItems({ items }: Of<'items'>) {
  if (items.length === 0) return <p class="result-reason">Nothing to do was agreed on.</p>;
  return (
    <ul class="points">
      {items.map(({ what, who, when }, at) => (
        <li key={`${at}-${what}`}>
          {what}
          {(who !== '' || when !== '') && (
            <span class="muted"> {[who, when].filter((text) => text !== '').join(', ')}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Score({ overall, criteria }: Of<'score'>) {
  return (
    <div class="scores">
      {overall !== undefined && (
        <p class="score-overall">
          <strong>{percent(overall)}</strong> <span class="muted">over all</span>
        </p>
      )}
      <ul class="criteria">
        {criteria.map(({ name, score, reason }) => (
          <li key={name} title={reason}>
            <span>{name}</span>
            <ScoreBar score={score} />
            <span class="figure">{score === undefined ? '–' : percent(score)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Score as an SVG, whose geometry is in attributes: the page's policy allows no style attributes. */
function ScoreBar({ score }: { score: number | undefined }) {
  return (
    <svg class="score-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-track" width="100" height="6" />
      <rect class="score-fill" width={(score ?? 0) * 100} height="6" />
    </svg>
  );
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}
