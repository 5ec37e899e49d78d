// A reply of the agent, or the function that it calls instead. Rule: a reply that is cut off has no AgentAudioDone.

import type { SimulatorTimes } from '../contract.ts';
import { createId } from '../random-id.ts';
import type { ScriptRuntime, VirtualTimer } from '../script-runtime.ts';
import { askedCall } from '../tool-call.ts';
import { type ReplyPrompt, replyText } from '../voice/reply-text.ts';
import { streamVoice, type VoiceStream } from '../voice/streams.ts';
import type { AgentSettings } from './settings.ts';

export type SendEvent = (event: Readonly<Record<string, unknown>>) => void;

interface AgentReplySetup {
  readonly runtime: ScriptRuntime;
  readonly send: SendEvent;
  readonly times: SimulatorTimes;
  readonly settings: AgentSettings;
  readonly prompt: ReplyPrompt;
  /** Called when all was said. */
  readonly completed: () => void;
  /** Called instead when a function was called: the agent waits for its result. */
  readonly called: (call: { readonly id: string; readonly name: string }) => void;
}

export class AgentReply {
  readonly #setup: AgentReplySetup;
  readonly #voice: VoiceStream | undefined;
  readonly #timer: VirtualTimer;

  constructor(setup: AgentReplySetup) {
    this.#setup = setup;
    const { runtime, times, settings, prompt } = setup;
    const call = askedCall(settings.functions, prompt);
    if (call === undefined) {
      const { sampleRateHz, encode } = settings.output;
      const send = (samples: Int16Array): void => runtime.send(encode(samples), true);
      this.#voice = streamVoice({ runtime, times, prompt, sampleRateHz, send });
      this.#timer = runtime.after(times.firstAudioMs, () => this.#speak());
    } else this.#timer = runtime.after(times.firstTextMs, () => this.#call(call.name, JSON.stringify(call.args)));
  }

  /** Ends the reply because the user speaks, or somebody else does in its place. */
  interrupt(): void {
    this.#timer.cancel();
    this.#voice?.cancel();
  }

  #speak(): void {
    const { send, times, prompt, completed } = this.#setup;
    send({ type: 'ConversationText', role: 'assistant', content: replyText(prompt) });
    const seconds = times.firstAudioMs / 1000;
    send({ type: 'AgentStartedSpeaking', total_latency: seconds, tts_latency: seconds / 3, ttt_latency: seconds / 3 });
    this.#voice?.start(() => {
      send({ type: 'AgentAudioDone' });
      completed();
    });
  }

  #call(name: string, args: string): void {
    const id = createId('call_', 24);
    this.#setup.send({
      type: 'FunctionCallRequest',
      functions: [{ id, name, arguments: args, client_side: true }],
    });
    this.#setup.called({ id, name });
  }
}
