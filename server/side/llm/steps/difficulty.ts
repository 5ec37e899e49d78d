// Chooses the class that runs a call by how hard the call is: by rules, else by the verdict of a small model. Rule: a classifier that fails leaves
// the default, with a flag, and a client that names a model has chosen.

import { passedForm } from '../../../../adapters/llm/index.ts';
import type { Call, Router, StreamSink } from '../call.ts';
import type { Failure } from '../failure.ts';
import { classifiedBy } from './classify.ts';
import { asksForLanguage, type Difficulty, type FindRule, ruleFinder } from './difficulty-rules.ts';
import { loadLanguages } from './language.ts';
import type { MakeStep } from './steps.ts';

/** `words`: why, for rows and headers. */
interface Choice {
  readonly promptClass: string;
  readonly words: string;
  readonly isFlagged?: true;
}

export const difficultyStep: MakeStep = ({ name, config: { difficulty }, run, runInClass }) => {
  if (difficulty === undefined) return undefined;
  const choose = chooserOf(difficulty, { name, run });
  return async (call, sink, next) => {
    if (!isLeftToClass(call, name)) return next(call, sink);
    const choice = await choose(call);
    if ('kind' in choice) return choice;
    const { promptClass, isFlagged } = choice;
    const words = `${name} -> ${promptClass}: ${choice.words}`;
    const marks = { ...call.marks, difficulty: words, flags: isFlagged && (['unclassified'] as const) };
    const judged = { ...call, marks, strongest: difficulty.strongest };
    const told = sink && telling(sink, words);
    const outcome = await (promptClass === name
      ? next(judged, told)
      : runInClass({ ...judged, promptClass, askedClass: name, model: undefined }, told));
    return outcome.kind === 'answered' ? { ...outcome, difficulty: words } : outcome;
  };
};

/** Embeddings and the like are of one model: another is no substitute. */
const isLeftToClass = ({ model, llm }: Call, name: string): boolean =>
  (model === undefined || model === '*' || model === name) && passedForm(llm) === undefined;

function chooserOf(
  { rules, model, default: fallback }: Difficulty,
  { name, run }: { readonly name: string; readonly run: Router['run'] },
): (call: Call) => Promise<Choice | Failure> {
  const byDefault = fallback ?? name;
  const failed: Choice = { promptClass: byDefault, words: 'default, the classifier failed', isFlagged: true };
  // Loaded now, so that the first call does not wait for it.
  const finding: Promise<FindRule | undefined> | FindRule = asksForLanguage(rules)
    ? loadLanguages().then(
        (detect) => ruleFinder(rules, detect),
        () => undefined,
      )
    : ruleFinder(rules);
  return async (call) => {
    const findRule = await finding;
    if (findRule === undefined) return failed;
    const found = findRule(call);
    if (found !== undefined) {
      const { number, rule } = found;
      return { promptClass: rule.class, words: `rule ${number} (${Object.keys(rule.when).join(', ')})` };
    }
    if (model === undefined) return { promptClass: byDefault, words: 'default' };
    const verdict = await classifiedBy(call, model, run);
    if (typeof verdict === 'object') return verdict;
    const promptClass = verdict === undefined ? undefined : model.verdicts[verdict];
    return promptClass === undefined ? failed : { promptClass, words: `${verdict}, says ${model.class}` };
  };
}

/** The head of a streamed answer tells of it, too. */
const telling = (sink: StreamSink, difficulty: string): StreamSink => ({
  asked: () => sink.asked(),
  opened: () => sink.opened(),
  comment: (bytes) => sink.comment(bytes),
  begin: (head) => sink.begin({ ...head, difficulty }),
  write: (bytes) => sink.write(bytes),
});
