// Rules of the form: what still fits when something else was changed, and what a session is started with.

import type { GatewayInfo, ProviderStatus } from '../api/gateway.ts';
import type { SessionSettings } from '../dialects/dialect.ts';
import type { Mode } from '../dialects/modes.ts';
import type { SessionForm } from './state.ts';

/** The providers that speak the dialect of a mode. */
export function providersOf({ dialect }: Mode, gateway: GatewayInfo | undefined): readonly ProviderStatus[] {
  const speaks = ({ dialects }: ProviderStatus) => dialects.some(({ name }) => name === dialect.name);
  return (gateway?.providers ?? []).filter(speaks);
}

/** Applies a change. A choice that does not fit any more is replaced by the first that does. */
export function editForm(
  form: SessionForm,
  change: Partial<SessionForm>,
  gateway: GatewayInfo | undefined,
): SessionForm {
  const next = { ...form, ...change };
  const { dialect, modality } = next.mode;
  const providers = providersOf(next.mode, gateway).map(({ name }) => name);
  const provider = providers.includes(next.provider) ? next.provider : (providers[0] ?? '');
  if (next.mode === form.mode) return { ...next, provider };
  return { ...next, provider, model: dialect.models[modality][0] ?? '', voice: '' };
}

export function settingsOfForm({ mode, model, instructions, voice, turnTaking, tools }: SessionForm): SessionSettings {
  return {
    model: model.trim(),
    instructions: instructions.trim(),
    voice,
    modality: mode.modality,
    turnTaking: mode.modality === 'voice' ? turnTaking : 'detect',
    tools,
  };
}

/** Path to dial: a gateway may serve a dialect on several. */
export function pathToDial({ mode, provider }: SessionForm, gateway: GatewayInfo | undefined): string {
  const { dialect } = mode;
  const offered = gateway?.providers.find(({ name }) => name === provider)?.dialects ?? [];
  const paths = offered.filter(({ name }) => name === dialect.name).map(({ path }) => path);
  return paths.includes(dialect.preferredPath) ? dialect.preferredPath : (paths[0] ?? dialect.preferredPath);
}
