// Describes the realtime models that have a name of the operator's own, and the targets that stand behind each.

import { z } from 'zod';
import { residency, weight } from '../side/llm-schema.ts';

/** Terms that an account, or one target of it, is held to. */
export const termsShape = {
  residency: residency
    .optional()
    .describe(
      'Region that it keeps sessions to, such as eu. A class with a residency has sessions there alone. That of the account when not given.',
    ),
  dataClasses: z
    .array(z.enum(['open', 'regulated']))
    .min(1)
    .optional()
    .describe('Data classes of the sessions that it may have. Those of the account when not given, else all.'),
};

export const modelName = z.string().regex(/^\S+$/, 'expected a name without spaces').min(1).max(200);

const targetSchema = z.strictObject({
  provider: z.string().min(1).describe('Name of one of providers.'),
  model: modelName.describe('Model or deployment, as that account calls it.'),
  weight: weight.describe(
    'Share of the sessions, relative to those of the others: an end user stays with its target. One without is dialled after all that have one.',
  ),
  ...termsShape,
});

/** `provider/model`; a model may have slashes of its own. */
const shortTarget = z
  .string()
  .regex(/^[^/\s]+\/\S+$/, 'expected provider/model, such as openai/gpt-realtime-2.1')
  .max(300)
  .transform((given): z.infer<typeof targetSchema> => {
    const [provider = '', ...model] = given.split('/');
    return { provider, model: model.join('/') };
  });

export const modelsSchema = z.record(
  z
    .string()
    .regex(/^\w[\w.:@-]*$/, 'expected letters, digits and _ - . : @, without a / as provider/model has it')
    .max(200),
  z
    .array(z.union([shortTarget, targetSchema]))
    .min(1)
    .max(50),
);

/** One of the targets that may serve a model. */
export type ModelTarget = Readonly<z.infer<typeof targetSchema>>;

/** `<provider>/<model>`, which is unique among the targets of a model. */
export const targetLabel = ({ provider, model }: Pick<ModelTarget, 'provider' | 'model'>): string =>
  `${provider}/${model}`;
