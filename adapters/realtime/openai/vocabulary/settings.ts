// The settings of sessions and responses in both vocabularies: today those of sound are nested, in the beta all are flat.
// Rule: a setting that only one of them has stays as it is.

import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import { betaFormat, formatOfToday } from './sound-formats.ts';

type SoundDirection = 'input' | 'output';
type SoundPlace = readonly [direction: SoundDirection, key: string, beta: string];
type Setting = readonly [key: string, value: unknown];

/** The settings of sound, by their place below `audio`, and their names in the beta. */
const sound: readonly SoundPlace[] = [
  ['input', 'format', 'input_audio_format'],
  ['input', 'noise_reduction', 'input_audio_noise_reduction'],
  ['input', 'transcription', 'input_audio_transcription'],
  ['input', 'turn_detection', 'turn_detection'],
  ['output', 'format', 'output_audio_format'],
  ['output', 'voice', 'voice'],
  ['output', 'speed', 'speed'],
];

const SAMPLING_RATE = 'input_audio_sampling_rate';

/** Settings with other names. A response that is told of has `max_output_tokens` in both. */
const asked = { output_modalities: 'modalities', max_output_tokens: 'max_response_output_tokens' };
const told = { output_modalities: 'modalities' };
const names = { asked, told };

/** `told`: a response that the provider tells of; `asked`: everything else. */
type SettingsForm = keyof typeof names;

/** Returns the settings of the beta in the form of today. */
export function settingsOfToday(flat: JsonObject, form: SettingsForm = 'asked'): JsonObject {
  const renamed = new Map(Object.entries(names[form]).map(([today, beta]) => [beta, today]));
  const { [SAMPLING_RATE]: rate, ...others } = flat;
  const hertz = typeof rate === 'number' && flat.input_audio_format === 'pcm16' ? rate : undefined;
  const nested = { input: new Map<string, unknown>(), output: new Map<string, unknown>() };
  const kept: Setting[] = [];
  for (const [key, value] of Object.entries(hertz === undefined ? flat : others)) {
    const [direction, place] = sound.find(([, , beta]) => beta === key) ?? [];
    if (direction === undefined || place === undefined)
      kept.push([renamed.get(key) ?? key, key === 'modalities' ? modalitiesOfToday(value) : value]);
    else if (place !== 'format') nested[direction].set(place, value);
    else nested[direction].set(place, formatOfToday(value, direction === 'input' ? hertz : undefined));
  }
  const { audio: given, ...rest } = Object.fromEntries(kept);
  const audio = withSound(given, nested);
  return audio === undefined ? rest : { ...rest, audio };
}

/** Returns the settings of today in the form of the beta. */
export function betaSettings(nested: JsonObject, form: SettingsForm = 'asked'): JsonObject {
  const renamed = new Map<string, string>(Object.entries(names[form]));
  const { audio, ...others } = nested;
  const flat = Object.entries(others).map(([key, value]): Setting => {
    return [renamed.get(key) ?? key, key === 'output_modalities' ? betaModalities(value) : value];
  });
  const sounding = isObject(audio) ? flattened(audio) : { flat: [], unknown: audio };
  const all = Object.fromEntries([...flat, ...sounding.flat]);
  return sounding.unknown === undefined ? all : { ...all, audio: sounding.unknown };
}

/** `unknown`: what the beta has no place for; undefined where there is nothing of it. */
function flattened(audio: JsonObject): { readonly flat: readonly Setting[]; readonly unknown: unknown } {
  const flat: Setting[] = [];
  const unknown: Setting[] = [];
  for (const [direction, settings] of Object.entries(audio)) {
    const places = sound.filter(([of]) => of === direction);
    const kept: Setting[] = [];
    for (const [key, value] of isObject(settings) ? Object.entries(settings) : []) {
      const place = places.find(([, name]) => name === key);
      if (place === undefined) kept.push([key, value]);
      else flat.push(...(key === 'format' ? flatFormat(place, value) : [[place[2], value] as const]));
    }
    if (!isObject(settings)) unknown.push([direction, settings]);
    else if (kept.length > 0) unknown.push([direction, Object.fromEntries(kept)]);
  }
  return { flat, unknown: unknown.length > 0 ? Object.fromEntries(unknown) : undefined };
}

function flatFormat([direction, , beta]: SoundPlace, value: unknown): readonly Setting[] {
  const { format, hertz } = betaFormat(value, direction);
  return hertz === undefined
    ? [[beta, format]]
    : [
        [beta, format],
        [SAMPLING_RATE, hertz],
      ];
}

function withSound(given: unknown, nested: Readonly<Record<SoundDirection, ReadonlyMap<string, unknown>>>): unknown {
  const audio = isObject(given) ? given : {};
  const added = (['input', 'output'] as const)
    .filter((direction) => nested[direction].size > 0)
    .map((direction) => {
      const own = audio[direction];
      return [direction, { ...(isObject(own) && own), ...Object.fromEntries(nested[direction]) }] as const;
    });
  return added.length === 0 ? given : { ...audio, ...Object.fromEntries(added) };
}

/** Sound has its words beside it in both; the beta names both, and no other vocabulary takes both. */
const betaModalities = (value: unknown): unknown =>
  Array.isArray(value) && value.includes('audio') ? ['text', 'audio'] : value;

const modalitiesOfToday = (value: unknown): unknown =>
  Array.isArray(value) && value.includes('audio') ? ['audio'] : value;

/** Every setting whose path differs, as errors name them. */
const paths: readonly (readonly [today: string, beta: string])[] = [
  ...sound.map(([direction, key, beta]) => [`audio.${direction}.${key}`, beta] as const),
  ...Object.entries(asked),
];

/** Returns the name that the beta has for the path of a setting, which is behind `session.` or `response.`. */
export const betaPath = (path: string): string => renamedPath(path, paths);

/** Returns the path of today for the name of a setting of the beta. */
export const pathOfToday = (path: string): string =>
  renamedPath(
    path,
    paths.map(([today, beta]) => [beta, today]),
  );

function renamedPath(path: string, renames: readonly (readonly [from: string, to: string])[]): string {
  const [, place = '', name = ''] = /^((?:session|response)\.)(.*)$/.exec(path) ?? [];
  const found = renames.find(([from]) => name === from || name.startsWith(`${from}.`) || name.startsWith(`${from}[`));
  return found === undefined ? path : place + found[1] + name.slice(found[0].length);
}
