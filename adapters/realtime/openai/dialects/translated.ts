// The two vocabularies of Realtime for clients that speak the other one: the provider's own, and what translates.

import type { ClientVocabulary, Dialect, Rejection } from '../../contract/dialect.ts';
import { translateForBeta } from '../vocabulary/beta-clients.ts';
import { translateForToday } from '../vocabulary/ga-clients.ts';
import { betaPath, pathOfToday } from '../vocabulary/settings.ts';
import { openaiBetaDialect, openaiRealtimeDialect } from './realtime.ts';

/** `rename`: gives the path of a setting as the client knows it. */
const translated = (dialect: Dialect, clients: ClientVocabulary, rename: (path: string) => string): Dialect => ({
  ...dialect,
  clients,
  errorEvent: (rejection, frame) => dialect.errorEvent(inWordsOfClient(rejection, rename), frame),
});

function inWordsOfClient(rejection: Rejection, rename: (path: string) => string): Rejection {
  const { field, message } = rejection;
  if (field === undefined) return rejection;
  const renamed = rename(field);
  return { ...rejection, field: renamed, message: message.replaceAll(field, renamed) };
}

/** By the name of the vocabulary of the clients: the dialects of providers that are spoken otherwise. */
export const translatedDialects: Readonly<Record<'beta' | 'ga', ReadonlyMap<Dialect, Dialect>>> = {
  beta: new Map([
    [
      openaiRealtimeDialect,
      translated(openaiRealtimeDialect, { dialect: openaiBetaDialect, translate: translateForBeta }, betaPath),
    ],
  ]),
  ga: new Map([
    [
      openaiBetaDialect,
      translated(openaiBetaDialect, { dialect: openaiRealtimeDialect, translate: translateForToday }, pathOfToday),
    ],
  ]),
};
