// A response of OpenAI Realtime, from response.created to response.done.
// Rule: a response ends once; a cancelled one bills what it had produced.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import type { SimulatorOptions } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import type { VirtualTimer } from '../../script-runtime.ts';
import { addTokens, NO_TOKENS, textTokenCount } from '../../tokens.ts';
import type { EventSender } from '../events.ts';
import { responseUsage } from '../usage.ts';
import type { ConversationEntry } from './conversation.ts';
import { createOutput, type OutputItem } from './outputs.ts';
import type { ResponseRequest } from './request.ts';

interface ResponseSetup {
  readonly events: EventSender;
  readonly options: SimulatorOptions;
  readonly request: ResponseRequest;
  /** Called once, when the response has ended. */
  readonly done: (response: RealtimeReply) => void;
}

export class RealtimeReply {
  readonly id = createId('resp_');
  readonly #setup: ResponseSetup;
  readonly #output: OutputItem;
  readonly #startTimer: VirtualTimer;
  #isStarted = false;
  #isEnded = false;
  #startedAtMs = 0;

  constructor(setup: ResponseSetup) {
    this.#setup = setup;
    const { events, options, request } = setup;
    const { times, rateLimits } = options;
    events.send('response.created', { response: this.#describe('in_progress', null, []) });
    if (rateLimits === 'start') this.#sendRateLimits();
    const finished = (isWhole: boolean) => this.#finish(isWhole);
    this.#output = createOutput({ events, times, responseId: this.id, request, finished });
    const isSpoken = request.output_modalities[0] === 'audio' && this.#output.entry.item.type === 'message';
    this.#startTimer = events.runtime.after(isSpoken ? times.firstAudioMs : times.firstTextMs, () => this.#begin());
  }

  /** The time at which a player that began at once has played all of the audio. */
  get playedAtMs(): number {
    return this.#startedAtMs + (this.#output.entry.spokenMs ?? 0);
  }

  cancel(reason: 'turn_detected' | 'client_cancelled'): void {
    this.#end('cancelled', { type: 'cancelled', reason });
  }

  #begin(): void {
    this.#isStarted = true;
    this.#startedAtMs = this.#setup.events.runtime.nowMs;
    this.#output.start();
  }

  #finish(isWhole: boolean): void {
    if (isWhole) this.#end('completed', { type: 'completed' });
    else this.#end('incomplete', { type: 'incomplete', reason: 'max_output_tokens' });
  }

  #end(status: 'completed' | 'cancelled' | 'incomplete', details: JsonObject): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#startTimer.cancel();
    const { events, options, request, done } = this.#setup;
    const { entry } = this.#output;
    if (this.#isStarted) this.#output.stop(status === 'completed' ? 'completed' : 'incomplete');
    const usage = this.#usage();
    for (const item of request.context) item.isPaid = true;
    const response = { ...this.#describe(status, details, this.#isStarted ? [entry.item] : []), usage };
    events.send('response.done', { response });
    if (options.rateLimits === 'end') this.#sendRateLimits();
    done(this);
  }

  #usage() {
    const { context, instructions, tools } = this.#setup.request;
    const fixedTokens = textTokenCount(instructions) + (tools.length > 0 ? textTokenCount(JSON.stringify(tools)) : 0);
    const paid = context.filter(({ isPaid }) => isPaid);
    const sum = (entries: readonly ConversationEntry[]) =>
      entries.reduce((total, { tokens }) => addTokens(total, tokens), NO_TOKENS);
    const input = addTokens(sum(context), { ...NO_TOKENS, text: fixedTokens });
    const cached = paid.length > 0 ? addTokens(sum(paid), { ...NO_TOKENS, text: fixedTokens }) : NO_TOKENS;
    return responseUsage(input, cached, this.#output.entry.tokens);
  }

  #describe(status: string, details: JsonObject | null, output: readonly unknown[]): JsonObject {
    const { output_modalities, max_output_tokens, audio, conversation, metadata } = this.#setup.request;
    const { format, voice } = audio.output;
    return {
      object: 'realtime.response',
      id: this.id,
      status,
      status_details: details?.type === 'completed' ? null : details,
      output,
      conversation_id: conversation?.id ?? null,
      output_modalities,
      max_output_tokens,
      audio: { output: { format, voice } },
      usage: null,
      metadata,
    };
  }

  #sendRateLimits(): void {
    this.#setup.events.send('rate_limits.updated', {
      rate_limits: [
        { name: 'requests', limit: 5000, remaining: 4999, reset_seconds: 0.012 },
        { name: 'tokens', limit: 400_000, remaining: 395_904, reset_seconds: 0.614 },
      ],
    });
  }
}
