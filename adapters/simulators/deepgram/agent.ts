// The script of Deepgram's Voice Agent: one connection, from Welcome to its end.
// Rule: every Error ends the session. The code of the close behind one is not known; 1011 here.

import { randomUUID } from 'node:crypto';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { Connection } from '../contract.ts';
import type { ProviderScript, ScriptRuntime, VirtualTimer } from '../script-runtime.ts';
import { type ReplyPrompt, speechTranscript } from '../voice/reply-text.ts';
import { type CallerTurn, TurnDetector, type TurnEvent } from '../voice/turn-detector.ts';
import { AgentReply, type SendEvent } from './agent-reply.ts';
import {
  AgentFault,
  type AgentMessage,
  type AgentSettings,
  agentSettings,
  functionsOf,
  readAgentMessage,
} from './settings.ts';

/** Time that a client may send nothing: it has to send `KeepAlive` every 8 s (document). */
const SILENT_MS = 10_000;
const DETECTION = { mode: 2, prefixPaddingMs: 300, silenceMs: 600 } as const;

type LaterMessage = Exclude<AgentMessage, { type: 'Settings' }>;

/** The answers that say that a change is in force. */
const UPDATED: Readonly<Partial<Record<LaterMessage['type'], string>>> = {
  UpdatePrompt: 'PromptUpdated',
  UpdateThink: 'ThinkUpdated',
  UpdateThink_Live: 'ThinkLiveUpdated',
  UpdateSpeak: 'SpeakUpdated',
  UpdateListen: 'ListenUpdated',
};

export class AgentScript implements ProviderScript {
  readonly #runtime: ScriptRuntime;
  readonly #connection: Connection;
  readonly #send: SendEvent;
  /** Names of the calls that wait for a result, by id. */
  readonly #calls = new Map<string, string>();
  #settings: AgentSettings | undefined;
  #turnDetector: TurnDetector | undefined;
  #reply: AgentReply | undefined;
  #waiting: ReplyPrompt[] = [];
  #silent: VirtualTimer | undefined;

  constructor(runtime: ScriptRuntime, connection: Connection) {
    this.#runtime = runtime;
    this.#connection = connection;
    this.#send = (event) => runtime.send(JSON.stringify(event));
  }

  opened(): void {
    this.#send({ type: 'Welcome', request_id: randomUUID() });
    this.#awaitMessage();
    this.#runtime.after(this.#connection.options.sessionCapMs, () =>
      this.#fail('The session is over.', 'INTERNAL_SERVER_ERROR'),
    );
  }

  received({ data, binary }: Frame): void {
    this.#awaitMessage();
    try {
      if (binary) this.#hear(data);
      else this.#take(readAgentMessage(data.toString()));
    } catch (error) {
      if (!(error instanceof AgentFault)) throw error;
      this.#fail(error.message, error.code);
    }
  }

  ended(): void {
    this.#turnDetector?.free();
  }

  #awaitMessage(): void {
    this.#silent?.cancel();
    const tooLate = (): void =>
      this.#fail('No message came in time: send sound or KeepAlive.', 'CLIENT_MESSAGE_TIMEOUT');
    this.#silent = this.#runtime.after(SILENT_MS, tooLate);
  }

  #fail(description: string, code: string): void {
    this.#send({ type: 'Error', description, code });
    this.#runtime.close(1011, code);
  }

  #take(message: AgentMessage): void {
    if (message.type === 'Settings') this.#begin(message);
    else if (this.#settings === undefined && message.type !== 'KeepAlive')
      throw new AgentFault('Expected Settings first.');
    else this.#takeLater(message);
  }

  #begin(message: Extract<AgentMessage, { type: 'Settings' }>): void {
    if (this.#settings !== undefined) throw new AgentFault('Expected Settings once.');
    this.#settings = agentSettings(message);
    const { voiceDetector, options } = this.#connection;
    const { sampleRateHz } = this.#settings.input;
    this.#turnDetector = new TurnDetector({
      createDetector: voiceDetector,
      keepMs: options.playbackMs,
      settings: { sampleRateHz, detection: DETECTION },
    });
    this.#send({ type: 'SettingsApplied' });
    if (this.#settings.greeting !== undefined) this.#say({ kind: 'text', text: this.#settings.greeting });
  }

  #takeLater(message: LaterMessage): void {
    const done = UPDATED[message.type];
    if (message.type === 'UpdateThink' && this.#settings !== undefined)
      this.#settings = { ...this.#settings, functions: functionsOf(message.think) };
    else if (message.type === 'InjectUserMessage') this.#injectUser(message.content);
    else if (message.type === 'InjectAgentMessage') this.#injectAgent(message);
    else if (message.type === 'FunctionCallResponse') this.#resultReceived(message);
    else if (message.type === 'ForceEndTurn' && this.#turnDetector?.isSpeaking)
      this.#answerTurn(this.#turnDetector.takeTurn());
    if (done !== undefined) this.#send({ type: done });
  }

  #hear(data: Buffer): void {
    if (this.#settings === undefined) throw new AgentFault('Expected Settings before sound.');
    for (const event of this.#turnDetector?.push(this.#settings.input.decode(data)) ?? []) this.#turnEvent(event);
  }

  #turnEvent(event: TurnEvent): void {
    if (event.kind === 'stopped') return void this.#answerTurn(event.turn);
    this.#send({ type: 'UserStartedSpeaking' });
    this.#interrupt();
  }

  #answerTurn({ clip, speechMs }: CallerTurn): void {
    const { times } = this.#connection.options;
    const content = speechTranscript(speechMs);
    // The wait for a reply counts from the words of the user.
    this.#runtime.after(times.transcriptionMs, () => {
      this.#send({ type: 'ConversationText', role: 'user', content });
      if (this.#turnDetector?.isSpeaking) return;
      this.#say({ kind: 'speech', speechMs, playback: clip.samples.length > 0 ? clip : undefined });
    });
  }

  #injectUser(content: string): void {
    if (this.#isBusy) return void this.#refuseInjection();
    this.#send({ type: 'ConversationText', role: 'user', content });
    this.#say({ kind: 'text', text: content });
  }

  #injectAgent({ message, is_dynamic, behavior }: Extract<AgentMessage, { type: 'InjectAgentMessage' }>): void {
    if (message === undefined && is_dynamic !== true)
      throw new AgentFault('InjectAgentMessage.message: expected a text.');
    if (behavior === 'default' && this.#isBusy) return void this.#refuseInjection();
    if (behavior === 'interrupt') this.#interrupt();
    this.#say(message === undefined ? { kind: 'silence' } : { kind: 'text', text: message });
  }

  #refuseInjection(): void {
    this.#send({ type: 'InjectionRefused', message: 'Somebody speaks: expected a pause, or another behavior.' });
  }

  get #isBusy(): boolean {
    return this.#reply !== undefined || this.#calls.size > 0 || this.#turnDetector?.isSpeaking === true;
  }

  /** Says it now, or behind what is being said. */
  #say(prompt: ReplyPrompt): void {
    if (this.#reply !== undefined || this.#calls.size > 0) this.#waiting.push(prompt);
    else this.#begins(prompt);
  }

  #begins(prompt: ReplyPrompt): void {
    if (this.#settings === undefined) return;
    this.#reply = new AgentReply({
      runtime: this.#runtime,
      send: this.#send,
      times: this.#connection.options.times,
      settings: this.#settings,
      prompt,
      completed: () => {
        this.#reply = undefined;
        const next = this.#waiting.shift();
        if (next !== undefined) this.#begins(next);
      },
      called: ({ id, name }) => {
        this.#reply = undefined;
        this.#calls.set(id, name);
      },
    });
  }

  /** Ends what is said because somebody speaks. Calls without a result are cancelled. */
  #interrupt(): void {
    this.#waiting = [];
    this.#reply?.interrupt();
    this.#reply = undefined;
    if (this.#calls.size === 0) return;
    const functions = [...this.#calls].map(([id, name]) => ({ id, name }));
    this.#calls.clear();
    this.#send({ type: 'FunctionCallCancelled', functions });
  }

  /** Ignores a result without a call: it came after an interruption. */
  #resultReceived({ id = '', content }: Extract<AgentMessage, { type: 'FunctionCallResponse' }>): void {
    const name = this.#calls.get(id);
    if (name === undefined) return;
    this.#calls.delete(id);
    this.#begins({ kind: 'tool', name, output: content });
  }
}
