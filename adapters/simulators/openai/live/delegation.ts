// The work that a Live session gives to others: to the app of the client, or to a model of Responses, whose events come wrapped.
// Rule: work is delegated only when instructions say the word `delegate`, or `response.create` asks for it.

import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import type { SimulatorTimes } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import { EventError, type EventSender, invalidValue, missingParameter, parseGiven } from '../events.ts';
import { type ResponsesItem, responsesRequestSchema, textOfItem } from '../responses/request.ts';
import { ResponsesRun } from '../responses/run.ts';
import type { OpenaiLiveSession } from './session.ts';

interface DelegationSetup {
  readonly events: EventSender;
  readonly times: SimulatorTimes;
  /** Unix time of the start, in milliseconds. */
  readonly startedAtMs: number;
  readonly session: OpenaiLiveSession;
  readonly offsetMs: () => number;
  /** Called with what a model of Responses has written. */
  readonly answered: (text: string) => void;
}

export class LiveDelegation {
  readonly #setup: DelegationSetup;
  /** Ids of the work that was given to the client. */
  readonly #given = new Set<string>();
  #context: readonly ResponsesItem[] = [];
  #isRunning = false;

  constructor(setup: DelegationSetup) {
    this.#setup = setup;
  }

  /** Delegates work that was asked for in instructions. */
  delegate(task: string): void {
    if (this.#setup.session.delegation?.type !== 'responses') {
      const id = createId('dlg_');
      this.#given.add(id);
      this.#announce({ id, target: 'client', type: 'delegation' });
      return;
    }
    this.#context = [...this.#context, { type: 'message', role: 'user', content: task }];
    if (!this.#isRunning) this.#respond(true);
  }

  /** Checks the id in an event of the client. @throws EventError for one that was given for nothing. */
  checkId(id: unknown): void {
    if (id === null) return;
    if (id === undefined) throw missingParameter('delegation_id');
    if (typeof id !== 'string' || !this.#given.has(id))
      throw invalidValue('delegation_id', `Delegation with id '${id}' not found.`);
  }

  /** Adds an item to the conversation with the model of Responses. */
  addItem({ item }: JsonObject): void {
    this.#backend();
    if (!isObject(item)) throw missingParameter('item');
    const { input = [] } = parseGiven(responsesRequestSchema, { input: [item] }, '');
    this.#context = [...this.#context, ...(input as readonly ResponsesItem[])];
  }

  createResponse(): void {
    this.#backend();
    if (this.#isRunning) {
      throw new EventError('conversation_already_has_active_response', 'A delegated response is in progress.');
    }
    this.#respond(false);
  }

  #backend() {
    const { delegation } = this.#setup.session;
    if (delegation?.type === 'responses') return delegation.responses;
    throw new EventError('invalid_delegation', "The session does not delegate to Responses: set 'session.delegation'.");
  }

  #respond(isAnnounced: boolean): void {
    const { events, times, startedAtMs, offsetMs, answered } = this.#setup;
    const { tools, tool_choice, ...settings } = this.#backend();
    const id = createId('resp_', 48);
    const delegation = isAnnounced ? { id: createId('dlg_'), target: 'responses', type: 'delegation' } : undefined;
    if (delegation) this.#announce({ ...delegation, response_id: id });
    this.#isRunning = true;
    const run = new ResponsesRun({
      id,
      runtime: events.runtime,
      times,
      createdAtS: Math.floor((startedAtMs + offsetMs()) / 1000),
      request: { ...settings, tools, tool_choice },
      streamId: undefined,
      send: (event) => events.send('response.event', { event: small(event), delegation_id: delegation?.id ?? null }),
      context: this.#context,
      cachedTokens: 0,
      completed: ({ context }) => {
        this.#isRunning = false;
        this.#context = context;
        const last = context.at(-1);
        if (last?.type === 'message') answered(textOfItem(last));
      },
    });
    run.start();
  }

  #announce(delegation: JsonObject): void {
    this.#setup.events.send('session.delegation.created', { delegation, offset_ms: this.#setup.offsetMs() });
  }
}

/** Snapshots of a response leave out what made it, and what it made. */
function small(event: JsonObject): JsonObject {
  return isObject(event.response)
    ? { ...event, response: { ...event.response, instructions: null, tools: [], output: [] } }
    : event;
}
