// How the OpenAI simulators speak: JSON events with ids, and errors in the provider's shape.
// Rule: a client's mistake is a Failure value, and leaves the session open.

import type { z } from 'zod';
import { createId, type Stage } from '../simulator-stage.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** A mistake in a client event, as an `error` event tells it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly param?: string | undefined;
}

/** The events of one Realtime connection. */
export class Channel {
  readonly stage: Stage;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  send(type: string, fields: Fields = {}): void {
    this.stage.send(JSON.stringify({ type, event_id: createId('event_'), ...fields }));
  }

  fail(failure: Failure, eventId: unknown): void {
    const error = {
      type: 'invalid_request_error',
      code: failure.code,
      message: failure.message,
      param: failure.param ?? null,
      event_id: typeof eventId === 'string' ? eventId : null,
    };
    this.send('error', { error });
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function missing(param: string): Failure {
  return { code: 'missing_required_parameter', message: `Missing required parameter: '${param}'.`, param };
}

export function invalidValue(param: string, message: string): Failure {
  return { code: 'invalid_value', message, param };
}

/** The first thing wrong with a client's value, under the name that the client gave to it. */
export function failureOf(error: z.ZodError, prefix: string): Failure {
  const issue = error.issues[0];
  const param = [...(prefix ? [prefix] : []), ...(issue?.path ?? [])].join('.').replace(/\.(\d+)/g, '[$1]');
  if (!issue) return invalidValue(param, `Invalid value for '${param}'.`);
  switch (issue.code) {
    case 'invalid_type':
      if (issue.message.endsWith('received undefined')) return missing(param);
      return { code: 'invalid_type', message: `Invalid type for '${param}': expected ${issue.expected}.`, param };
    case 'unrecognized_keys':
      return {
        code: 'unknown_parameter',
        message: `Unknown parameter: '${param}.${issue.keys[0]}'.`,
        param: `${param}.${issue.keys[0]}`,
      };
    case 'invalid_union':
      if (issue.discriminator && issue.path.at(-1) === issue.discriminator && issue.input === undefined) {
        return missing(param);
      }
      return invalidValue(param, `Invalid value for '${param}': ${issue.message}.`);
    default:
      return invalidValue(param, `Invalid value for '${param}': ${issue.message}.`);
  }
}
