// What a newcomer gets without a word of configuration: rehearsal sessions have tasks, which run on the local stand-in.

import { type SideConfig, sideShape, taskSchema } from './side-schema.ts';

/** The names of the LLM gateway and of the class that stand for the stand-in; nobody else may use them. */
export const STAND_IN = 'rehearsal';

const KINDS = [
  { kind: 'summary' },
  { kind: 'title' },
  { kind: 'classification', labels: ['question', 'request', 'complaint', 'small-talk'] },
  { kind: 'sentiment-and-outcome' },
  { kind: 'quality' },
];

/** The tasks of a rehearsal where nothing is configured. */
export const standInTasks: SideConfig['tasks'] = KINDS.map((kind) => taskSchema.parse({ ...kind, class: STAND_IN }));
/** The class that they run in. */
export const standInClass = sideShape.classes.parse({
  [STAND_IN]: { targets: [{ gateway: STAND_IN, model: 'rehearsal' }], unknownPrice: 'allow' },
})[STAND_IN] as SideConfig['classes'][string];
