// The paths on which ElevenLabs makes credentials of a browser: the signed URL of an agent (measured with the SDK), and tokens of a single use (read in
// the SDK). Neither is asked for: a session is dialled with the account's own key, so that the URL made here has a client secret for a signature.

import type { JsonObject } from '../../../codecs/json/object.ts';
import { type Mint, type MintBounds, type MintFault, type MintRequest, unknownField } from '../contract/mint.ts';
import { elevenlabsAgentDialect } from './dialects/agent.ts';
import { elevenlabsSpeechDialect } from './dialects/speech.ts';
import { elevenlabsTranscriptionDialect } from './dialects/transcription.ts';

/** Time in which both open a session (documents). */
const OPEN_MS = 15 * 60 * 1000;

const AGENT_FIELDS = ['agent_id', 'include_conversation_id', 'branch_id', 'environment'];

export const elevenlabsMints: readonly Mint[] = [
  {
    method: 'GET',
    path: '/v1/convai/conversation/get-signed-url',
    prefix: 'ek_',
    dialect: elevenlabsAgentDialect.name,
    sessionField: '',
    read: readAgent,
    reply({ value, baseUrl, body }) {
      const { agent_id = '', branch_id, environment } = body as Readonly<Record<string, string | undefined>>;
      const more = Object.entries({ branch_id, environment }).filter((pair): pair is [string, string] => !!pair[1]);
      const query = new URLSearchParams([['agent_id', agent_id], ...more, ['conversation_signature', value]]);
      return { signed_url: `${baseUrl}/v1/convai/conversation?${query}` };
    },
  },
  tokenFor('realtime_scribe', elevenlabsTranscriptionDialect.name),
  tokenFor('tts_websocket', elevenlabsSpeechDialect.name),
];

function readAgent(query: JsonObject, { now }: MintBounds): MintRequest | MintFault {
  const unknown = unknownField(query, AGENT_FIELDS);
  if (unknown !== undefined) return unknown;
  const { agent_id: model } = query;
  // A star would make it a pattern: a secret for every agent of the key.
  if (typeof model !== 'string' || model === '' || model.includes('*'))
    return { field: 'agent_id', expected: 'the id of an agent' };
  return { expiresAt: now + OPEN_MS, uses: 1, model };
}

function tokenFor(purpose: string, dialect: string): Mint {
  return {
    path: `/v1/single-use-token/${purpose}`,
    prefix: 'ek_',
    dialect,
    sessionField: '',
    read: (body, { now }) => unknownField(body, []) ?? { expiresAt: now + OPEN_MS, uses: 1, own: body.trunkline },
    reply: ({ value }) => ({ token: value }),
  };
}
