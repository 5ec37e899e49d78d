// Which providers a rehearsal replaces. What it is when it is not asked for is tested where configurations are loaded.

import { expect, test } from 'vitest';
import { rehearsedProviders } from '../../../server/config/rehearsal.ts';

const request = { isWanted: true, known: ['openai', 'gemini', 'deepgram'], configured: [], isOpen: true };

test('a provider without a simulator is never rehearsed', () => {
  expect(rehearsedProviders(request)).toEqual(['openai', 'gemini']);
  expect(rehearsedProviders({ ...request, isWanted: undefined })).toEqual(['openai', 'gemini']);
  expect(rehearsedProviders({ ...request, configured: ['openai', 'gemini'] })).toEqual([]);
});

test('a configured provider is never rehearsed, and without being asked for it ends the rehearsal', () => {
  expect(rehearsedProviders({ ...request, configured: ['deepgram', 'openai'] })).toEqual(['gemini']);
  expect(rehearsedProviders({ ...request, isWanted: undefined, configured: ['deepgram'] })).toEqual([]);
});

test('nothing is rehearsed where it is switched off, or where keys are configured and it is not asked for', () => {
  expect(rehearsedProviders({ ...request, isWanted: false })).toEqual([]);
  expect(rehearsedProviders({ ...request, isWanted: undefined, isOpen: false })).toEqual([]);
  expect(rehearsedProviders({ ...request, isOpen: false })).toEqual(['openai', 'gemini']);
});
