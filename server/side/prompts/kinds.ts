// Makes the kind of a task from its settings: what a model is told, and what its answer must be. Kinds are built in, or the user's own with
// prompt and schema.

import { z } from 'zod';
import type { TaskConfig } from '../../config/side-schema.ts';
import { compileSchema, type JsonSchema, type SchemaCheck } from '../llm/answer/json-schema.ts';
import { builtInKind, SCORING } from './built-in-kinds.ts';
import { systemMessage } from './messages.ts';

export interface TaskKind {
  readonly name: string;
  /** System message. */
  readonly system: string;
  /** Form of the answer, as it is sent, and its check. */
  readonly schema: JsonSchema;
  readonly check: SchemaCheck;
  /** Leaves out of a value that fits what its form does not have. */
  readonly strip: (value: unknown) => unknown;
}

/** Settings of a configured task, or of one that a request asks for. */
export type KindSettings = Pick<TaskConfig, 'kind' | 'labels' | 'schema' | 'prompt' | 'rubric' | 'of'>;

/** Makes the kind, or says what is missing or wrong in its settings. */
export function taskKind(settings: KindSettings): TaskKind | { readonly problem: string } {
  const problem = settingsProblem(settings);
  if (problem !== undefined) return { problem };
  const form = settings.schema ? ownForm(settings.schema) : builtInForm(settings);
  if ('problem' in form) return { problem: `schema: ${form.problem}` };
  return { name: settings.kind, system: systemMessage(instructionsOf(settings), form.schema), ...form };
}

/** Instructions of a kind, and the rubric or the labels that they speak of. */
export function instructionsOf({ kind, prompt, rubric, labels, of }: KindSettings): readonly string[] {
  const usual = of ? SCORING : builtInKind(kind);
  const instructions = prompt ?? usual?.instructions ?? '';
  if (usual?.rubric !== undefined) return [instructions, `The rubric:\n${rubric ?? usual.rubric}`];
  if (labels === undefined) return [instructions];
  return [instructions, `The labels: ${labels.map((label) => JSON.stringify(label)).join(', ')}`];
}

/** Finds what is cheap to find; a schema is looked at by `taskKind`. */
function settingsProblem({ kind, labels, schema, prompt }: KindSettings): string | undefined {
  const builtIn = builtInKind(kind);
  if (builtIn?.needs === 'labels' && labels === undefined && schema === undefined)
    return `labels: expected at least two for a ${kind}`;
  if (labels !== undefined && new Set(labels).size !== labels.length) return 'labels: expected no label twice';
  if (builtIn?.needs === 'schema' && schema === undefined)
    return `schema: expected the JSON Schema of the result of ${kind}`;
  if (builtIn !== undefined) return undefined;
  if (prompt === undefined) return `prompt: expected one for the kind ${kind}, which is not built in`;
  if (schema === undefined) return `schema: expected one for the kind ${kind}, which is not built in`;
  return undefined;
}

type Form = Pick<TaskKind, 'schema' | 'check' | 'strip'>;

function ownForm(schema: JsonSchema): Form | { readonly problem: string } {
  const compiled = compileSchema(schema);
  return 'problem' in compiled ? compiled : { schema, ...compiled, strip: (value) => value };
}

function builtInForm({ kind, labels = [] }: KindSettings): Form | { readonly problem: string } {
  const form = builtInKind(kind)?.result?.(labels);
  if (form === undefined) return { problem: 'missing' };
  // The draft of JSON Schema, which `$schema` names, is refused by some endpoints.
  const { $schema: _, ...schema } = z.toJSONSchema(form);
  return { schema, check: (value) => zodProblem(form.safeParse(value)), strip: (value) => form.parse(value) };
}

const MAX_ISSUES = 8;

function zodProblem(parsed: z.ZodSafeParseResult<unknown>): string | undefined {
  return parsed.error?.issues
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}
