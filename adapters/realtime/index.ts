// The registry of realtime providers: the only file through which the server knows them.

import { anthropic } from './anthropic/http.ts';
import { assemblyai } from './assemblyai/adapter.ts';
import { cartesia } from './cartesia/adapter.ts';
import { deepgram } from './deepgram/adapter.ts';
import { elevenlabs } from './elevenlabs/adapter.ts';
import { gemini, vertex } from './gemini/adapter.ts';
import { gladia } from './gladia/adapter.ts';
import { createProviderLookup } from './handshake/provider-lookup.ts';
import { hume } from './hume/adapter.ts';
import { lmnt } from './lmnt/adapter.ts';
import { mistral } from './mistral/adapter.ts';
import { openai } from './openai/adapter.ts';
import { openaiKinds } from './openai/kinds.ts';
import { revai } from './revai/adapter.ts';
import { soniox } from './soniox/adapter.ts';
import { speechmatics } from './speechmatics/adapter.ts';
import { ultravox } from './ultravox/adapter.ts';

export { anthropicErrorType } from './anthropic/http.ts';
export { spokenBy } from './contract/dialect.ts';
export { basesOf } from './contract/metering.ts';
export { refusedSwitch, withoutSwitches } from './handshake/forwarded.ts';
export { namedPath } from './handshake/provider-lookup.ts';
export { refusedTwice } from './handshake/query.ts';
export { filled, settingsIn, upstreamAt, upstreamOf } from './handshake/upstream.ts';
export { errorTypeByStatus } from './openai/adapter.ts';

/** Every provider: of those that have the same path the first is found. */
const all = [
  openai,
  gemini,
  vertex,
  deepgram,
  elevenlabs,
  assemblyai,
  hume,
  mistral,
  soniox,
  lmnt,
  speechmatics,
  revai,
  cartesia,
  gladia,
  ultravox,
  ...openaiKinds,
];

export const {
  providers,
  knownPaths,
  findEndpoint,
  endpointsAt,
  findNotServed,
  findMint,
  mintsAt,
  findCall,
  callAt,
  callPaths,
  mintRoutes,
  clientCredential,
  answerable,
} = createProviderLookup(all, [anthropic]);
