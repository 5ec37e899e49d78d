// The answer of a mint that the gateway gives itself.

import type { Mint, Minted } from '../../adapters/realtime/contract/mint.ts';

const minted: Minted = {
  ...{ id: 'i', value: 'ek_a', expiresAt: 1_060_000, now: 1_000_000, session: undefined },
  ...{ body: {}, baseUrl: 'wss://gateway.example' },
};

/** Undefined where the provider gives it. */
export const answerOf = (mint: Mint | undefined, given: Partial<Minted> = {}): object | undefined =>
  mint?.relay === undefined ? mint?.reply({ ...minted, ...given }) : undefined;

/** The place of a request whose URL says nothing. */
export const barePlace = { query: {}, parameters: {} };
