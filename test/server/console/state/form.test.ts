// Rules of the form.

import { expect, test } from 'vitest';
import { modeOf } from '../../../../server/console/dialects/modes.ts';
import { editForm, pathToDial, settingsOfForm } from '../../../../server/console/state/form.ts';
import { initialState } from '../../../../server/console/state/state.ts';
import { rehearsalInfo } from '../../../support/console-fakes.ts';

const form = editForm(initialState.form, {}, rehearsalInfo);

test('the first provider that speaks the dialect is chosen', () => {
  expect(form.provider).toBe('openai');
  const gemini = editForm(form, { mode: modeOf('gemini-live-voice'), voice: 'Puck' }, rehearsalInfo);
  expect(gemini).toMatchObject({ provider: 'gemini', model: 'gemini-3.8-live', voice: '' });
});

test('a model that was typed stays until the dialect changes', () => {
  const typed = editForm(form, { model: 'my-model' }, rehearsalInfo);
  expect(editForm(typed, { tools: true }, rehearsalInfo).model).toBe('my-model');
  expect(editForm(typed, { mode: modeOf('openai-responses-text') }, rehearsalInfo).model).toBe('gpt-6-luna');
});

test('no provider is chosen when none speaks the dialect', () => {
  expect(editForm(form, {}, { ...rehearsalInfo, providers: [] }).provider).toBe('');
});

test('the preferred path is dialled when it is offered, else the first one', () => {
  const gemini = editForm(form, { mode: modeOf('gemini-live-voice') }, rehearsalInfo);
  expect(pathToDial(gemini, rehearsalInfo)).toBe('/ws/gemini');
  const preferred = gemini.mode.dialect.preferredPath;
  const dialects = ['/ws/gemini', preferred].map((path) => ({ name: 'gemini-live', path }));
  const info = { ...rehearsalInfo, providers: [{ name: 'gemini', status: 'configured' as const, dialects }] };
  expect(pathToDial(gemini, info)).toBe(preferred);
});

test('a text session has no manual turns, and typed text is trimmed', () => {
  const text = { ...form, mode: modeOf('openai-realtime-text'), turnTaking: 'manual' as const, model: ' m ' };
  expect(settingsOfForm(text)).toMatchObject({ modality: 'text', turnTaking: 'detect', model: 'm' });
});
