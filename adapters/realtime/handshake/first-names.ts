// Finds what a client asks for in its first message, where that was read before a provider is dialled.

import type { Handshake, Resource } from '../contract.ts';

/** Implements `ServedEndpoint.resources` where the handshake names nothing. */
export const namedFirst = ({ firstFrame }: Handshake): readonly Resource[] => firstFrame?.resources ?? [];
