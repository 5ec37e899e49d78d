// Translates between a client and its provider. Rule: everything else that holds messages knows the provider's words alone, so that rules judge what the
// provider will read; a client's message is translated before they see it, a provider's after they have.

import type { Translation } from '../../../adapters/realtime/contract/translation.ts';
import type { ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import type { Peer } from '../../transport/peer.ts';
import type { MessageWatch } from '../unfinished-messages.ts';
import type { ClientRule } from './client-gate.ts';
import type { Receivers } from './inject-context.ts';
import { WholeMessages } from './whole-messages.ts';

interface TranslationOptions {
  readonly provider: Peer;
  /** Messages of the provider. */
  readonly providerMessages: Pick<MessageWatch, 'newReader'>;
  onProviderEnd(end: ReadEnd): void;
}

export const translationRule = (translation: Translation): ClientRule => ({
  verdictOn(frame) {
    const instead = translation.fromClient(frame);
    return instead && { instead };
  },
  goesOn: () => true,
});

/** Wraps the receivers so that the client gets the provider's messages in its own words. */
export function translatedReceivers(
  receivers: Receivers,
  translation: Translation,
  { provider, providerMessages, onProviderEnd }: TranslationOptions,
): Receivers {
  const whole = new WholeMessages({
    source: provider,
    isMasked: false,
    messages: providerMessages,
    pass: receivers.fromProvider,
    decide(frame) {
      const said = translation.fromProvider(frame);
      if (said === undefined) return undefined;
      const { at } = frame;
      return () => {
        for (const message of said) whole.send(message, at);
      };
    },
    onEnd: onProviderEnd,
  });
  return {
    fromClient: receivers.fromClient,
    fromProvider: whole.read,
    afterHeld: (callback) => receivers.afterHeld(callback),
  };
}
