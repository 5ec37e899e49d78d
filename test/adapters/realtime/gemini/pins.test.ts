// Settings of Gemini Live that are pinned: their two forms, their check, and the setup that the provider gets.

import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { dialectAt } from '../../../support/pin-policy/cases.ts';

const pins = dialectAt('/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent').pins;
const frameOf = (event: object) => ({ data: Buffer.from(JSON.stringify(event)), binary: false, at: 0 });

/** The setup that the provider gets of that of a client. */
function effective(pinned: JsonObject, setup: object): unknown {
  expect(pins?.check(pinned)).toBeUndefined();
  const found = pins?.hold(pinned).fromClient(frameOf({ setup }));
  if (found === undefined || 'code' in found) throw new Error('the setup did not pass');
  return JSON.parse(String(found.data)).setup;
}

describe('settings that are to be pinned', () => {
  test.each<[JsonObject, string, string]>([
    [{ systemInstruction: 'text' }, 'systemInstruction', 'an object'],
    [{ tools: {} }, 'tools', 'a list of objects'],
    [{ setup: {} }, 'setup', 'the fields of a setup, without the setup around them'],
    [{ system_instruction: {}, systemInstruction: {} }, 'systemInstruction', 'the field in one spelling only'],
    [{ bidiGenerateContentSetup: [] }, 'bidiGenerateContentSetup', 'an object'],
    [{ bidiGenerateContentSetup: { tools: 1 } }, 'bidiGenerateContentSetup.tools', 'a list of objects'],
    [{ bidiGenerateContentSetup: {}, fieldMask: ['tools'] }, 'fieldMask', 'paths of fields, joined by commas'],
    [{ fieldMask: 'a b' }, 'fieldMask', 'paths of fields, joined by commas'],
    [{ fieldMask: 'a,' }, 'fieldMask', 'paths of fields, joined by commas'],
    [{ fieldMask: 'tools', model: 'm' }, 'model', 'bidiGenerateContentSetup or fieldMask'],
  ])('%j', (session, field, expected) => {
    expect(pins?.check(session)).toEqual({ field, expected });
  });

  test('their model can be asked for, without what Google puts before it', () => {
    expect(pins?.modelIn({ model: 'models/gemini-3.8-live' })).toBe('gemini-3.8-live');
    expect(pins?.modelIn({ bidiGenerateContentSetup: { model: 'm' } })).toBe('m');
    expect(pins?.modelIn({ fieldMask: 'tools' })).toBeUndefined();
  });
});

const client = { model: 'models/a', temperature: 0, generationConfig: { topP: 1, temperature: 2 }, tools: [{ b: 1 }] };

describe('the setup', () => {
  test('of a token without a field mask is the token’s; that of the client is ignored', () => {
    expect(effective({ bidiGenerateContentSetup: { model: 'models/b' } }, client)).toEqual({ model: 'models/b' });
    expect(effective({ bidiGenerateContentSetup: { model: 'models/b' }, fieldMask: '' }, client)).toEqual({
      model: 'models/b',
    });
  });

  test('of a token with neither is the client’s', () => {
    expect(effective({ fieldMask: '' }, client)).toEqual(client);
  });

  test('of a token with a mask has the fields of the mask from the token, and loses those that the token has not', () => {
    const pinned = {
      bidiGenerateContentSetup: { model: 'models/b', tools: [] },
      fieldMask: 'model,generationConfig.temperature',
    };
    expect(effective(pinned, client)).toEqual({ ...client, model: 'models/b', generationConfig: { topP: 1 } });
    expect(effective({ fieldMask: 'tools,generationConfig' }, client)).toEqual({ model: 'models/a', temperature: 0 });
  });

  test('of a token whose mask goes on within a list has all of the list from the token', () => {
    const tools = [{ functionDeclarations: [{ name: 'book' }] }];
    const pinned = { bidiGenerateContentSetup: { tools }, fieldMask: 'tools.0,generationConfig.0' };
    expect(effective(pinned, client)).toEqual({ ...client, tools });
  });

  test('that is pinned by itself has its own fields, to the second level', () => {
    const pinned = { generationConfig: { temperature: 0 }, tools: [], sessionResumption: {} };
    expect(effective(pinned, { ...client, sessionResumption: { handle: 'h' } })).toEqual({
      ...client,
      generationConfig: { topP: 1, temperature: 0 },
      tools: [],
      sessionResumption: {},
    });
  });

  test('has the handle of the client where the token lets sessions be resumed, and else none', () => {
    const given = { session_resumption: { handle: 'h', transparent: true } };
    const resumable = { bidiGenerateContentSetup: { model: 'm', sessionResumption: {} } };
    expect(effective(resumable, given)).toEqual({ model: 'm', sessionResumption: { handle: 'h' } });
    expect(effective({ bidiGenerateContentSetup: { model: 'm' } }, given)).toEqual({ model: 'm' });
  });

  test('has one spelling of each locked field, however many the client sends', () => {
    const given = {
      system_instruction: 1,
      systemInstruction: 2,
      generation_config: { top_p: 1 },
      generationConfig: { topK: 2 },
    };
    const pinned = { systemInstruction: {}, generationConfig: { topP: 3 } };
    expect(effective(pinned, given)).toEqual({ system_instruction: {}, generation_config: { topK: 2, top_p: 3 } });
  });
});
