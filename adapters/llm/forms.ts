// The forms of clients beside chat completions: which API of an endpoint serves a call, and who writes the answer.
// Rule: an answer comes out in the form of its client, whatever the endpoint speaks.

import type { JsonObject } from '../../codecs/json/object.ts';
import type { AnswerDelta, StreamWriter } from './chat/answer.ts';
import { deltaOfCompletion } from './chat/message.ts';
import { sseEvent } from './chat/server-sent-events.ts';
import type { NativeCall, StreamOutcome } from './contract.ts';
import {
  type ClientForm,
  type LlmApi,
  type LlmCall,
  type LlmOutcome,
  type LlmProfile,
  type PassedForm,
  unsupported,
  type WrittenForm,
} from './contract.ts';
import { messageErrorEvent } from './messages/event.ts';
import { MessageWriter } from './messages/stream.ts';
import { streamOfMessage } from './messages/whole.ts';
import { responseErrorEvent } from './responses/event.ts';
import { ResponseWriter } from './responses/stream.ts';
import { streamOfResponse } from './responses/whole.ts';

/** The writers of one form. */
interface FormWriters {
  stream(call: LlmCall, native: NativeCall, model: string): StreamWriter;
  /** The whole answer to a call. */
  whole(call: LlmCall, native: NativeCall, answer: WholeAnswer): JsonObject;
  /** A whole answer as a stream. */
  streamOfWhole(answer: JsonObject): Buffer;
  /** The event of an error, for a client that has nothing of an answer. `error`: as OpenAI writes errors. */
  error(error: JsonObject): Buffer;
}

interface WholeAnswer {
  readonly delta: AnswerDelta;
  readonly outcome: StreamOutcome;
  /** The model that was asked for. */
  readonly model: string;
}

const WRITERS: Readonly<Record<WrittenForm, FormWriters>> = {
  responses: {
    stream: (call, native, model) => new ResponseWriter(call, native, model),
    whole: (call, native, { delta, outcome, model }) => new ResponseWriter(call, native, model).whole(delta, outcome),
    streamOfWhole: streamOfResponse,
    error: (error) => responseErrorEvent(error),
  },
  messages: {
    stream: (_, native, model) => new MessageWriter(native, model),
    whole: (_, native, { delta, outcome, model }) => new MessageWriter(native, model).whole(delta, outcome),
    streamOfWhole: streamOfMessage,
    error: messageErrorEvent,
  },
};

function writersOf({ form }: NativeCall): FormWriters {
  if (isPassed(form)) throw new Error(`nobody writes ${form}`);
  return WRITERS[form];
}

/** Words for what is asked for in the forms that only pass. */
export const PASSED_FORMS: Readonly<Record<PassedForm, string>> = {
  embeddings: 'embeddings',
  moderations: 'moderations',
  count_tokens: 'counts of tokens',
  compactions: 'compactions',
};

const isPassed = (form: ClientForm): form is PassedForm => Object.hasOwn(PASSED_FORMS, form);

/** The form of a call that only an endpoint which has it can do; undefined for all others. */
export const passedForm = ({ native }: LlmCall): PassedForm | undefined =>
  native !== undefined && isPassed(native.form) ? native.form : undefined;

/** The writer of a stream for a client of another form than chat completions; undefined for that. */
export function writerInForm(call: LlmCall, model: string): StreamWriter | undefined {
  return call.native && writersOf(call.native).stream(call, call.native, model);
}

/** A whole answer as a stream, for a client that asked for one; undefined for a client of chat completions. */
export function streamInForm({ completion }: LlmOutcome, { native }: LlmCall): Buffer | undefined {
  return native && writersOf(native).streamOfWhole(completion);
}

/** The event of an error in the stream of a client that has nothing of an answer yet. `error`: as OpenAI writes errors. */
export const errorEvent = (error: JsonObject, native?: NativeCall): Buffer =>
  native === undefined ? sseEvent({ error }) : writersOf(native).error(error);

/** The API of an endpoint that serves a call: its own in the client's form, else that of chat completions with the answer rewritten. */
export function apiFor(profile: LlmProfile, call: LlmCall, settings: Readonly<Record<string, string>>): LlmApi {
  const { native } = call;
  if (native === undefined) return profile;
  const own = profile.native?.[native.form];
  const setting = settings[native.form] ?? (own?.isOptional?.(settings) ? 'translated' : 'native');
  return own !== undefined && setting === 'native' ? own : translated(profile, call, native);
}

function translated(profile: LlmProfile, call: LlmCall, native: NativeCall): LlmApi {
  return {
    toRequest(asked, target) {
      const { untranslated } = native;
      if (isPassed(native.form)) throw unsupported(PASSED_FORMS[native.form]);
      if (untranslated) throw unsupported(untranslated.what, untranslated.param);
      return profile.toRequest(asked, target);
    },
    readReply(reply, model) {
      const { bytes: _, completion, ...outcome } = profile.readReply(reply, model);
      const delta = deltaOfCompletion(completion, outcome.text);
      return { ...outcome, completion: writersOf(native).whole(call, native, { delta, outcome, model }) };
    },
    // Streams are written in the client's form from the first.
    readStream: (headers, asked, model) => profile.readStream(headers, asked, model),
  };
}
