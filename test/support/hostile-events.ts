// Answers in the form of Responses whose events an endpoint gets wrong: other numbers, another order, other fields.

import type { ServerResponse } from 'node:http';
import type { JsonObject } from '../../codecs/json/object.ts';
import { HOSTILE_PIECES, type HostileAnswer, hostileBlock, hostileEvents, openStream } from './hostile-forms.ts';

/** Writes a Responses answer whose events were changed. */
const changed =
  (change: (events: readonly JsonObject[]) => readonly JsonObject[]) =>
  (response: ServerResponse): void => {
    openStream(response).end(
      change(hostileEvents('responses', HOSTILE_PIECES))
        .map((event) => hostileBlock('responses', event))
        .join(''),
    );
  };
const native = { forms: ['responses'], billed: 'exact', end: 'whole' } as const;

export const HOSTILE_EVENTS: Readonly<Record<string, HostileAnswer>> = {
  'unknown-events': {
    ...native,
    write: changed((events) =>
      events.flatMap((event) => [event, { type: 'response.new_thing', sequence_number: 3, thing: { a: [1] } }]),
    ),
  },
  'odd-sequences': {
    ...native,
    write: changed((events) =>
      events.map((event, at) => ({ ...event, sequence_number: [7, 7, -1, 1e12, 'x'][at % 5] })),
    ),
  },
  'no-sequences': {
    ...native,
    write: changed((events) => events.map(({ sequence_number: _, ...event }) => event)),
  },
  'sequence-inside': {
    ...native,
    write: changed((events) =>
      events.map(({ type, ...rest }, at) => ({ type, inner: { sequence_number: at }, ...rest, sequence_number: 99 })),
    ),
  },
  'out-of-order': {
    ...native,
    write: changed((events) => [
      ...events.slice(0, 2),
      ...events.slice(4, -4),
      ...events.slice(2, 4),
      ...events.slice(-4),
    ]),
  },
  'deltas-alone': {
    ...native,
    write: changed((events) => events.filter(({ type }) => /created|text\.delta|completed/.test(String(type)))),
  },
  'no-deltas': {
    ...native,
    write: changed((events) => events.filter(({ type }) => !/text\.delta/.test(String(type)))),
  },
  'no-created': { ...native, write: changed((events) => events.slice(2)) },
  'created-often': {
    ...native,
    write: changed((events) => events.flatMap((event) => [events[0] as JsonObject, event])),
  },
  'completed-without-status': {
    ...native,
    write: changed((events) => replaceLast(events, (response) => ({ ...response, status: undefined }))),
  },
  'completed-in-progress': {
    ...native,
    write: changed((events) => replaceLast(events, (response) => ({ ...response, status: 'in_progress' }))),
  },
  'completed-without-response': {
    ...native,
    ...{ billed: 'estimated', end: 'error' },
    write: changed((events) => [...events.slice(0, -1), { type: 'response.completed', sequence_number: 9 }]),
  },
  'other-ids': {
    ...native,
    write: changed((events) =>
      events.map((event, at) => ({
        ...event,
        response: event.response && { ...(event.response as JsonObject), id: `resp_${at}` },
      })),
    ),
  },
  'odd-items': {
    ...native,
    write: changed((events) => [
      ...events.slice(0, 2),
      ...[-1, 0.5, 1e9, 'one', null].map((output_index) => ({
        type: 'response.output_item.done',
        output_index,
        item: { id: `odd-${output_index}`, type: 'odd', text: 'a\0b\ud800c' },
      })),
      { type: 'response.output_item.done', output_index: 0, item: 'no item' },
      { type: 'response.output_item.added', output_index: 0 },
      { type: 'response.content_part.done' },
      { type: 'response.output_text.delta' },
      { type: 'response.function_call_arguments.delta', delta: 'x' },
      { type: 'response.reasoning_summary_part.done', part: null },
      { type: 'response.output_text.annotation.added', annotation: 7 },
      ...events.slice(2),
    ]),
  },
  'long-item-id': {
    ...native,
    write: changed((events) => {
      const id = Array.from({ length: 6000 }, (_, at) => ((at * 7919 + at * at * 31) % 36).toString(36)).join('');
      return replaceLast(events, (response) => ({
        ...response,
        output: [{ ...(response.output as JsonObject[])[0], id }],
      }));
    }),
  },
  'type-with-lines': {
    ...native,
    write: changed((events) => [
      ...events.slice(0, 4),
      { type: 'response.x\ndata: {"type":"response.completed"}\n\n', sequence_number: 4 },
      ...events.slice(4),
    ]),
  },
  'many-items': {
    ...native,
    write: changed((events) =>
      replaceLast(events, (response) => ({
        ...response,
        output: Array.from({ length: 3000 }, (_, at) => ({
          ...(response.output as JsonObject[])[0],
          id: `msg_${at % 1500}`,
        })),
      })),
    ),
  },
};

function replaceLast(
  events: readonly JsonObject[],
  change: (response: JsonObject) => JsonObject,
): readonly JsonObject[] {
  const last = events.at(-1) as JsonObject;
  return [...events.slice(0, -1), { ...last, response: change(last.response as JsonObject) }];
}
