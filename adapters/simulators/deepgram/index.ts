// The rehearsed paths of Deepgram, and its answer to the others. Rule: a refusal says what is played.

import type { Handshake } from '../../realtime/contract.ts';
import { deepgram } from '../../realtime/deepgram/adapter.ts';
import type { HttpReply } from '../../realtime/refusal.ts';
import type { Connection, ProviderSimulators, SimulatorRoute } from '../contract.ts';
import { type ProviderScript, type ScriptRuntime, startScript } from '../script-runtime.ts';
import { AgentScript } from './agent.ts';
import { type SoundFormat, soundFormat } from './encoding.ts';
import { fluxVocabulary, ListenScript, novaVocabulary } from './listen.ts';
import { auraVocabulary, fluxSpeakVocabulary, SpeakScript } from './speak.ts';

const agent: SimulatorRoute = {
  path: '/v1/agent/converse',
  refusal: () => undefined,
  start: (connection) => startScript((runtime) => new AgentScript(runtime, connection)),
};

type CreateScript = (runtime: ScriptRuntime, connection: Connection, format: SoundFormat) => ProviderScript;

/** A path whose query has the format of the sound. */
const inFormat = (path: string, usual: { encoding: string; rate: number }, create: CreateScript): SimulatorRoute => ({
  path,
  refusal(handshake) {
    const format = formatOf(handshake, usual);
    return 'fault' in format ? refuse(400, 'Bad Request', `Bad Request: ${format.fault}.`) : undefined;
  },
  start: (connection) =>
    startScript((runtime) => create(runtime, connection, formatOf(connection.handshake, usual) as SoundFormat)),
});

const formatOf = ({ query }: Handshake, { encoding, rate }: { encoding: string; rate: number }) =>
  soundFormat(query.get('encoding') ?? encoding, Number(query.get('sample_rate') ?? rate));

const heard = { encoding: 'containers (an encoding is needed)', rate: 16_000 };
const spoken = { encoding: 'linear16', rate: 24_000 };
const modelOf = ({ handshake }: Connection): string => handshake.query.get('model') ?? 'rehearsal';

const routes: readonly SimulatorRoute[] = [
  agent,
  inFormat('/v1/listen', heard, (runtime, connection, format) => {
    const vocabulary = novaVocabulary(connection.handshake.query);
    return new ListenScript(runtime, connection, format, vocabulary);
  }),
  inFormat('/v2/listen', heard, (...given) => new ListenScript(...given, fluxVocabulary())),
  inFormat('/v1/speak', spoken, (...given) => new SpeakScript(...given, auraVocabulary(modelOf(given[1])))),
  inFormat('/v2/speak', spoken, (...given) => new SpeakScript(...given, fluxSpeakVocabulary(modelOf(given[1])))),
];

export const deepgramSimulators: ProviderSimulators = {
  routes,
  owns: (path) => deepgram.endpoints.some((endpoint) => path.startsWith(endpoint.path)),
  notFound: (path, served) =>
    refuse(404, 'not_found', `Unknown path ${path}. The rehearsal provider speaks ${served.join(', ')}.`),
};

function refuse(status: number, code: string, message: string): HttpReply {
  const body = JSON.stringify({ err_code: code, err_msg: message });
  return { status, headers: { 'content-type': 'application/json' }, body };
}
