// The providers that a rehearsal replaces. Its defaults are tested where configurations are loaded.

import { expect, test } from 'vitest';
import { rehearsedProviders } from '../../../../server/config/rehearsal/rehearsal.ts';

const request = { isWanted: true, configured: [], isOpen: true };

test('every provider that has a simulator is rehearsed unless it is configured', () => {
  expect(rehearsedProviders(request)).toEqual(['openai', 'gemini', 'deepgram']);
  expect(rehearsedProviders({ ...request, isWanted: undefined })).toEqual(['openai', 'gemini', 'deepgram']);
  expect(rehearsedProviders({ ...request, configured: ['openai', 'gemini', 'deepgram'] })).toEqual([]);
});

test('a configured provider is never rehearsed, and ends a rehearsal that was not asked for', () => {
  expect(rehearsedProviders({ ...request, configured: ['deepgram', 'openai'] })).toEqual(['gemini']);
  expect(rehearsedProviders({ ...request, isWanted: undefined, configured: ['deepgram'] })).toEqual([]);
});

test('nothing is rehearsed where the rehearsal is switched off, or where keys are configured and it is not asked for', () => {
  expect(rehearsedProviders({ ...request, isWanted: false })).toEqual([]);
  expect(rehearsedProviders({ ...request, isWanted: undefined, isOpen: false })).toEqual([]);
  expect(rehearsedProviders({ ...request, isOpen: false })).toEqual(['openai', 'gemini', 'deepgram']);
});
