// The kinds of side tasks: what a model is told, and what its answer must be. Built in, or the user's own with prompt and schema.

import { z } from 'zod';
import { BUILT_IN_KINDS, type TaskConfig } from '../../config/side-schema.ts';
import { compileSchema, type JsonSchema, type SchemaCheck } from './json-schema.ts';
import { type BuiltInKind, INSTRUCTIONS, RESULT_RUBRIC, RUBRIC, SCORING, systemMessage } from './prompts.ts';
import * as results from './results.ts';

/** What a task of a kind needs to run. */
export interface TaskKind {
  readonly name: string;
  readonly system: string;
  readonly schema: JsonSchema;
  readonly check: SchemaCheck;
}

/** What a kind is made of: a configured task, or one that is asked for. */
export type KindSettings = Pick<TaskConfig, 'kind' | 'labels' | 'schema' | 'prompt' | 'rubric' | 'of'>;

/** The kind, or what is missing or wrong in its settings. */
export function taskKind(settings: KindSettings): TaskKind | { readonly problem: string } {
  const problem = kindProblem(settings);
  if (problem !== undefined) return { problem };
  const form = settings.schema ? ownForm(settings.schema) : builtInForm(settings);
  if ('problem' in form) return { problem: `schema: ${form.problem}` };
  return { name: settings.kind, system: systemMessage(instructionsOf(settings), form.schema), ...form };
}

/** What a model is asked to do, with the lists that it is told of. */
export function instructionsOf(settings: KindSettings): readonly string[] {
  const { kind, prompt, of } = settings;
  return [prompt ?? (of ? SCORING : INSTRUCTIONS[kind as BuiltInKind]), ...detailsOf(settings)];
}

interface Form {
  readonly schema: JsonSchema;
  readonly check: SchemaCheck;
}

export function isBuiltIn(kind: string): kind is BuiltInKind {
  return (BUILT_IN_KINDS as readonly string[]).includes(kind);
}

/** What a kind's settings lack, cheap to find; a schema is looked at by `kindOf`. */
function kindProblem({ kind, labels, schema, prompt }: KindSettings): string | undefined {
  if (kind === 'classification' && labels === undefined && schema === undefined) {
    return 'labels: expected at least two for a classification';
  }
  if (labels !== undefined && new Set(labels).size !== labels.length) return 'labels: expected no label twice';
  if (kind === 'extraction' && schema === undefined) return 'schema: expected the JSON Schema of what is extracted';
  if (isBuiltIn(kind)) return undefined;
  if (prompt === undefined) return `prompt: expected one for the kind ${kind}, which is not built in`;
  if (schema === undefined) return `schema: expected one for the kind ${kind}, which is not built in`;
  return undefined;
}

function detailsOf({ kind, rubric, labels, of }: KindSettings): readonly string[] {
  if (kind === 'quality') return [`The rubric:\n${rubric ?? (of ? RESULT_RUBRIC : RUBRIC)}`];
  return labels === undefined ? [] : [`The labels: ${labels.map((label) => JSON.stringify(label)).join(', ')}`];
}

function ownForm(schema: JsonSchema): Form | { readonly problem: string } {
  const compiled = compileSchema(schema);
  return 'problem' in compiled ? compiled : { schema, ...compiled };
}

function builtInForm(settings: KindSettings): Form {
  const form = builtInSchema(settings);
  // Says the draft, which some endpoints refuse.
  const { $schema: _, ...schema } = z.toJSONSchema(form);
  return { schema, check: (value) => zodProblem(form.safeParse(value)) };
}

function builtInSchema({ kind, labels = [] }: KindSettings): z.ZodType {
  switch (kind as Exclude<BuiltInKind, 'extraction'>) {
    case 'summary':
      return results.summary;
    case 'title':
      return results.title;
    case 'classification':
      return results.classification(labels);
    case 'sentiment-and-outcome':
      return results.sentimentAndOutcome;
    case 'action-items':
      return results.actionItems;
    case 'moderation':
      return results.moderation;
    case 'quality':
      return results.quality;
    case 'rolling-summary':
      return results.rollingSummary;
  }
}

const MAX_ISSUES = 8;

function zodProblem(parsed: z.ZodSafeParseResult<unknown>): string | undefined {
  return parsed.error?.issues
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}
