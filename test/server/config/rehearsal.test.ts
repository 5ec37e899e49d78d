// The providers that a rehearsal replaces. Its defaults are tested where configurations are loaded.

import { expect, test } from 'vitest';
import { rehearsedProviders } from '../../../server/config/rehearsal.ts';

const request = { isWanted: true, known: ['openai', 'gemini', 'deepgram'], configured: [], isOpen: true };

test('a provider without a simulator is never rehearsed', () => {
  expect(rehearsedProviders(request)).toEqual(['openai', 'gemini']);
  expect(rehearsedProviders({ ...request, isWanted: undefined })).toEqual(['openai', 'gemini']);
  expect(rehearsedProviders({ ...request, configured: ['openai', 'gemini'] })).toEqual([]);
});

test('a configured provider is never rehearsed, and ends a rehearsal that was not asked for', () => {
  expect(rehearsedProviders({ ...request, configured: ['deepgram', 'openai'] })).toEqual(['gemini']);
  expect(rehearsedProviders({ ...request, isWanted: undefined, configured: ['deepgram'] })).toEqual([]);
});

test('nothing is rehearsed where it is switched off, or where keys are configured and it is not asked for', () => {
  expect(rehearsedProviders({ ...request, isWanted: false })).toEqual([]);
  expect(rehearsedProviders({ ...request, isWanted: undefined, isOpen: false })).toEqual([]);
  expect(rehearsedProviders({ ...request, isOpen: false })).toEqual(['openai', 'gemini']);
});
