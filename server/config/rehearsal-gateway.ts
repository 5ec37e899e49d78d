// The LLM gateway of the rehearsal: its name, its class, and the tasks that sessions get when nothing is configured.

import { type SideConfig, sideShape, taskSchema } from './side-schema.ts';

/** Name of the rehearsal's LLM gateway and of its class. A configuration may use it for neither. */
export const REHEARSAL_NAME = 'rehearsal';

const KINDS = [
  { kind: 'summary' },
  { kind: 'title' },
  { kind: 'classification', labels: ['question', 'request', 'complaint', 'small-talk'] },
  { kind: 'sentiment-and-outcome' },
  { kind: 'quality' },
];

/** The tasks of a rehearsal where nothing is configured. */
export const rehearsalTasks: SideConfig['tasks'] = KINDS.map((kind) =>
  taskSchema.parse({ ...kind, class: REHEARSAL_NAME }),
);
/** The class that they run in. */
export const rehearsalClass = sideShape.classes.parse({
  [REHEARSAL_NAME]: { targets: [{ gateway: REHEARSAL_NAME, model: 'rehearsal' }], unknownPrice: 'allow' },
})[REHEARSAL_NAME] as SideConfig['classes'][string];
