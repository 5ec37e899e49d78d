// The form's rules: what still fits when something else was changed, and what a session is started with.

import type { GatewayInfo } from '../api/gateway.ts';
import type { Settings } from '../dialects/dialect.ts';
import type { Form } from './state.ts';

/** A choice that does not fit any more is replaced by the first that does. */
export function editForm(form: Form, change: Partial<Form>, gateway: GatewayInfo | undefined): Form {
  const next = { ...form, ...change };
  const { dialect, modality } = next.mode;
  const providers = (gateway?.providers ?? []).filter(({ dialects }) =>
    dialects.some(({ name }) => name === dialect.name),
  );
  const fits = providers.some(({ name }) => name === next.provider);
  const provider = fits ? next.provider : (providers[0]?.name ?? '');
  if (next.mode === form.mode) return { ...next, provider };
  return { ...next, provider, model: dialect.models[modality][0] ?? '', voice: '' };
}

export function settingsOf({ mode, model, instructions, voice, turnTaking, tools }: Form): Settings {
  return {
    model: model.trim(),
    instructions: instructions.trim(),
    voice,
    modality: mode.modality,
    turnTaking: mode.modality === 'voice' ? turnTaking : 'detect',
    tools,
  };
}

/** The path to dial: a gateway may serve a dialect on several. */
export function pathOf({ mode, provider }: Form, gateway: GatewayInfo | undefined): string {
  const { dialect } = mode;
  const offered = gateway?.providers.find(({ name }) => name === provider)?.dialects ?? [];
  const paths = offered.filter(({ name }) => name === dialect.name).map(({ path }) => path);
  return paths.includes(dialect.preferredPath) ? dialect.preferredPath : (paths[0] ?? dialect.preferredPath);
}
