// Reads the body of `POST /v1/tasks`: checks and bounds it, and makes it into a task, or says what was wrong and what was expected.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { REHEARSAL_NAME } from '../../config/file/words.ts';
import { nameText } from '../../config/key-schema.ts';
import { problemsOf } from '../../config/problem.ts';
import { type SideConfig, taskSchema } from '../../config/side-schema.ts';
import { type ClassBinding, choosePromptClass, classNames } from '../../http/class-policy.ts';
import type { HttpProblem } from '../../http/problem.ts';
import type { DataClass, OnBehalf, StoredSession, Task } from '../../ipc/stored-rows.ts';
import { newId } from '../../platform/uuid-v7.ts';
import { BUILT_IN_KINDS } from '../prompts/built-in-kinds.ts';
import { taskKind } from '../prompts/kinds.ts';
import { MAX_INPUT_CHARS } from '../prompts/prompt-input.ts';
import { queuedTask, taskSettings, writeTaskInput } from '../prompts/task-input.ts';

const MAX_MESSAGES = 2000;
const name = z.string().min(1).max(64);

export const taskRequestSchema = z.strictObject({
  kind: name.describe('Name of a built-in or a configured kind.'),
  session: z.string().min(1).max(64).optional().describe('Id of the session whose transcript it works on.'),
  text: z.string().min(1).max(MAX_INPUT_CHARS).optional().describe('Text to work on, instead of a session.'),
  messages: z
    .array(z.object({ role: name, content: z.string().max(MAX_INPUT_CHARS) }))
    .min(1)
    .max(MAX_MESSAGES)
    .optional()
    .describe('Messages to work on, instead of a session.'),
  class: name
    .optional()
    .describe('Prompt class. When not given the configured one of this kind, or the first that the key may use.'),
  labels: taskSchema.shape.labels,
  schema: taskSchema.shape.schema,
  prompt: taskSchema.shape.prompt,
  rubric: taskSchema.shape.rubric,
  endUser: nameText
    .optional()
    .describe("The application's own name for the user that it is for; that of a session counts."),
  mode: z.enum(['sync', 'async']).default('async').describe('sync waits for the result.'),
  idempotencyKey: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'expected 1 to 255 printable characters without spaces')
    .optional()
    .describe('The same key gives the same task.'),
});

type TaskRequestBody = z.infer<typeof taskRequestSchema>;

export interface TaskRequestOptions {
  /** Parsed JSON. */
  readonly body: unknown;
  readonly config: SideConfig;
  readonly key: string | undefined;
  readonly team: string | undefined;
  /** The one that the key is for. */
  readonly onBehalf?: OnBehalf | undefined;
  /** Classes of the key and of the path. A task without a named class has that of its kind, the only one, or the first of the key. */
  readonly binding?: ClassBinding | undefined;
  /** Headers `x-trunkline-class` and `idempotency-key`; the fields of the body come first. */
  readonly promptClass?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Data class of the request; a regulated session makes its tasks regulated, too. */
  readonly dataClass?: DataClass | undefined;
  /** Resolves with undefined when this requester has no such session. */
  readonly findSession: (id: string) => Promise<StoredSession | undefined>;
}

export interface TaskRequest {
  readonly task: Task;
  readonly mode: 'sync' | 'async';
  /** The one that the task is for. */
  readonly endUser: string | undefined;
}

/**
 * Makes a new task for the store. A sync one has `runAt` 0, which is before everything else that is due. With an idempotency key the id
 * is the same for the same key: where the store has a task of this id, that one is the answer.
 */
export async function readTaskRequest(request: TaskRequestOptions): Promise<TaskRequest | HttpProblem> {
  const parsed = taskRequestSchema.safeParse(request.body, { reportInput: true });
  if (!parsed.success) return problem('invalid_request', issuesOf(parsed.error));
  const body = parsed.data;
  const objection =
    sourceProblem(body, request.config) ?? kindProblem(body, request.config) ?? endUserProblem(body, request.onBehalf);
  if (objection !== undefined) return objection;
  const promptClass = classOf(body, request);
  if (typeof promptClass !== 'string') return promptClass;
  const session = body.session === undefined ? undefined : await request.findSession(body.session);
  if (body.session !== undefined && session === undefined) {
    return problem('unknown_session', 'session: this key has none of this id', 404);
  }
  if (request.config.hasRehearsalGateway && session !== undefined && !session.isRehearsal) {
    return problem('no_gateway', 'no LLM gateway is configured: the rehearsal works for rehearsal sessions only', 409);
  }
  const task = taskOf(body, request, { promptClass, session });
  if (task.dataClass === 'regulated' && !request.config.regulated.store) {
    return problem('not_stored', 'regulated text is not stored here, so no task can work on it', 409);
  }
  const kind = taskKind(taskSettings(task, request.config));
  if ('problem' in kind) return problem('invalid_request', kind.problem);
  const { endUser } = session ?? behalfOf(body, request);
  return { task, mode: body.mode, endUser };
}

/** A task that is of no session is for the one of its key, or else for the one whom it names. */
const behalfOf = ({ endUser }: TaskRequestBody, { onBehalf }: Pick<TaskRequestOptions, 'onBehalf'>): OnBehalf => ({
  endUser: onBehalf?.endUser ?? endUser,
  tags: onBehalf?.tags,
});

function endUserProblem({ session, endUser }: TaskRequestBody, onBehalf: OnBehalf = {}): HttpProblem | undefined {
  if (endUser === undefined) return undefined;
  if (session !== undefined)
    return problem('invalid_request', 'endUser: expected none, since that of the session counts');
  return onBehalf.endUser === undefined || onBehalf.endUser === endUser
    ? undefined
    : problem('invalid_request', 'endUser: expected none, or that of this key, which is for one user');
}

type Code = 'invalid_request' | 'unknown_kind' | 'unknown_session' | 'no_gateway' | 'no_transcripts' | 'not_stored';

/** The message quotes names and bounds, no content. */
const problem = (code: Code, message: string, status = 400): HttpProblem => ({ status, code, message });

function sourceProblem(
  { session, text, messages }: TaskRequestBody,
  { transcripts }: SideConfig,
): HttpProblem | undefined {
  const given = [session, text, messages].filter((source) => source !== undefined).length;
  if (given !== 1) return problem('invalid_request', `expected one of session, text and messages, got ${given}`);
  if (session !== undefined && transcripts === 'off') {
    return problem(
      'no_transcripts',
      'session: transcripts are off, so there is no text of a session; give text or messages',
      409,
    );
  }
  const total = messages?.reduce((sum, { content }) => sum + content.length, 0) ?? 0;
  if (total > MAX_INPUT_CHARS) {
    return problem('invalid_request', `messages: expected at most ${MAX_INPUT_CHARS} characters in all, got ${total}`);
  }
  return undefined;
}

/** Knows built-in and configured kinds; a request cannot add any. */
function kindProblem({ kind }: TaskRequestBody, { tasks }: SideConfig): HttpProblem | undefined {
  const known = new Set([...BUILT_IN_KINDS, ...tasks.map((task) => task.kind)]);
  return known.has(kind) ? undefined : problem('unknown_kind', `kind: expected one of ${[...known].join(', ')}`);
}

/** Finds the named class, else the default: that of the kind, the only one, or the first that the key lists. */
function classOf(body: TaskRequestBody, { binding, promptClass, config }: TaskRequestOptions): string | HttpProblem {
  const known = classNames(config);
  if (known.length === 0)
    return problem('no_gateway', 'no LLM gateway and no class is configured, so no task can run', 409);
  const { key, route } = binding ?? { key: undefined, route: undefined };
  const ofKind = config.tasks.find(({ kind }) => kind === body.kind)?.class;
  const only = known.length === 1 ? known : [];
  const defaults = [ofKind ?? [], only, key?.classes ?? []].flat().filter((name) => known.includes(name));
  return choosePromptClass({ requested: body.class ?? promptClass, key, route, known, defaults });
}

function taskOf(
  body: TaskRequestBody,
  { key, team, config, ...request }: TaskRequestOptions,
  { promptClass, session }: { readonly promptClass: string; readonly session: StoredSession | undefined },
): Task {
  const { text, messages, labels, schema, prompt, rubric } = body;
  const idempotencyKey = body.idempotencyKey ?? request.idempotencyKey;
  const behalf = session === undefined ? behalfOf(body, request) : {};
  return queuedTask({
    id: idempotencyKey === undefined ? newId() : idOf(key, idempotencyKey),
    session: session?.id,
    key: session?.key ?? key,
    team: session?.team ?? team,
    kind: body.kind,
    promptClass,
    dataClass: session?.dataClass === 'regulated' ? 'regulated' : (request.dataClass ?? 'open'),
    runAt: body.mode === 'sync' ? 0 : Date.now(),
    input: writeTaskInput({ text, messages, labels, schema, prompt, rubric, ...behalf }),
    isRehearsal: promptClass === REHEARSAL_NAME && config.hasRehearsalGateway,
  });
}

/** Makes an id in the form of a UUID (version 8). Two keys of this gateway that choose the same word get different ones. */
function idOf(key: string | undefined, idempotencyKey: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([key ?? null, idempotencyKey]))
    .digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

const MAX_ISSUES = 5;

/** Fields whose content no message may quote. */
const HIDDEN: readonly PropertyKey[] = ['text', 'messages', 'schema', 'prompt', 'rubric'];

function issuesOf({ issues }: z.ZodError): string {
  const isHidden = ([field = '']: readonly PropertyKey[]) => HIDDEN.includes(field);
  return problemsOf(taskRequestSchema, issues.slice(0, MAX_ISSUES), isHidden)
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
}
