// Checks values by a JSON Schema that users wrote. Neither a wrong schema nor one that is made to be slow (patterns, references that
// multiply) may hold up the process: both end as a problem.

import { createRequire } from 'node:module';
import { type Context, createContext, Script } from 'node:vm';
import type { Ajv2020, ErrorObject, Options } from 'ajv/dist/2020.js';

/** JSON Schema of draft 2020-12, as data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Says what is wrong with a value, in words without its contents; undefined when it fits. */
export type SchemaCheck = (value: unknown) => string | undefined;

/** Longest time for one compilation or one check; usual ones take a few milliseconds. */
const MAX_CHECK_MS = 500;
/** The same for schemas that come with calls, of which anybody with a key may send many: streams of others wait meanwhile. */
const OF_CALLS: Limits = { compileMs: 200, checkMs: 50 };
export const MAX_SCHEMA_CHARS = 64 * 1024;
const MAX_ERRORS = 8;

interface Limits {
  readonly compileMs: number;
  readonly checkMs: number;
}

type Compiled = { readonly check: SchemaCheck } | { readonly problem: string };

/** Compiled schemas: those of the configuration come with every task. */
const known = new WeakMap<JsonSchema, Compiled>();

/**
 * Returns what tells whether a value fits the schema of a call. It takes a schema that is too long, wrong, or too slow to check for one that
 * everything fits: the endpoint may know more of it.
 */
export function fitCheckOf(schema: JsonSchema, limits = OF_CALLS): (value: unknown) => boolean {
  const compiled = compile(schema, limits);
  return 'validate' in compiled ? (value) => compiled.validate(value) !== 'wrong' : () => true;
}

/** Returns the check of a schema, or what is wrong with the schema itself. */
export function compileSchema(schema: JsonSchema): Compiled {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const made = compile(schema, { compileMs: MAX_CHECK_MS, checkMs: MAX_CHECK_MS });
  const compiled: Compiled = 'problem' in made ? made : { check: (value) => problemOf(made, value) };
  known.set(schema, compiled);
  return compiled;
}

const options: Options = { strict: false, allErrors: true, validateFormats: false, logger: false };
/** Loaded with the first schema: most processes meet none, and would start later for it. */
let ajv: typeof import('ajv/dist/2020.js') | undefined;
let schemaValidator: Ajv2020 | undefined;

/** A compiled schema. `slow` and `failed`: the check could not be made. */
interface Checker {
  validate(value: unknown): 'fits' | 'wrong' | 'slow' | 'failed';
  readonly errors: () => readonly ErrorObject[];
}

function compile(schema: JsonSchema, { compileMs, checkMs }: Limits): Checker | { readonly problem: string } {
  if (JSON.stringify(schema).length > MAX_SCHEMA_CHARS)
    return { problem: `longer than ${MAX_SCHEMA_CHARS} characters` };
  if (schema.type !== 'object') return { problem: 'expected type: object at the top' };
  try {
    // The validator is made outside of the time that a schema has: that is slow, and happens once.
    ajv ??= createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
    schemaValidator ??= createSchemaValidator(ajv);
    const [{ Ajv2020 }, validator] = [ajv, schemaValidator];
    if (bounded(() => validator.validateSchema(schema), compileMs) !== true) {
      return { problem: validator.errorsText(validator.errors?.slice(0, MAX_ERRORS), { dataVar: 'schema' }) };
    }
    // Each schema has a compiler of its own: schemas are kept by `$id`, and two users may choose the same.
    const validate: Validate = bounded(
      () => new Ajv2020({ ...options, meta: false, validateSchema: false }).compile(schema),
      compileMs,
    );
    return { validate: (value) => checked(validate, value, checkMs), errors: () => validate.errors ?? [] };
  } catch (error) {
    return { problem: isOverTime(error) ? 'it takes too long to compile' : compileProblem(error) };
  }
}

function createSchemaValidator({ Ajv2020 }: typeof import('ajv/dist/2020.js')): Ajv2020 {
  const validator = new Ajv2020(options);
  // The first validation compiles the meta-schema, and code of the first compilation is not optimised. Both are synchronous.
  void validator.validateSchema({ type: 'object' });
  void new Ajv2020({ ...options, meta: false, validateSchema: false }).compile({ type: 'object', required: ['a'] });
  return validator;
}

interface Validate {
  (value: unknown): unknown;
  errors?: ErrorObject[] | null;
}

function checked(validate: Validate, value: unknown, maxMs: number): ReturnType<Checker['validate']> {
  try {
    return bounded(() => validate(value), maxMs) === true ? 'fits' : 'wrong';
  } catch (error) {
    return isOverTime(error) ? 'slow' : 'failed';
  }
}

function problemOf({ validate, errors }: Checker, value: unknown): string | undefined {
  const result = validate(value);
  if (result === 'fits') return undefined;
  if (result !== 'wrong') return `the schema ${result === 'slow' ? 'takes too long to check' : 'cannot be checked'}`;
  return errors().slice(0, MAX_ERRORS).map(words).join('; ') || 'it does not fit the schema';
}

function words({ instancePath, message, params }: ErrorObject): string {
  const allowed = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(', ')}` : '';
  return `${instancePath === '' ? 'the object' : instancePath} ${message ?? 'does not fit'}${allowed}`;
}

function compileProblem(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : 'it cannot be compiled';
}

let context: Context | undefined;
const script = new Script('run()');

/** Share of the clock that the CPU counts where nothing else runs: its clock is coarser. */
const CPU_SHARE = 0.8;

/** Most runs of a function whose thread waited for the CPU in the time that it had. */
const MAX_RUNS = 5;

/**
 * Runs a synchronous function without effects, and throws what `isOverTime` tells when it takes too long. The limit of `vm` also stops regular
 * expressions, and is one of the clock: a run that had less of the CPU than its time, since the machine was busy, begins anew.
 */
export function bounded<T>(run: () => T, maxMs: number): T {
  context ??= createContext({ run: undefined });
  context.run = run;
  try {
    for (let runs = 1; ; runs++) {
      const before = process.threadCpuUsage();
      try {
        return script.runInContext(context, { timeout: maxMs }) as T;
      } catch (error) {
        const { user, system } = process.threadCpuUsage(before);
        if (!isOverTime(error) || runs === MAX_RUNS || (user + system) / 1_000 > maxMs * CPU_SHARE) throw error;
      }
    }
  } finally {
    context.run = undefined;
  }
}

export function isOverTime(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
