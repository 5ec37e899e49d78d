// Writes figures for people: always with a unit, never with more digits than they deserve.

/** Writes milliseconds; a dash for what is unknown. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** Writes microseconds. */
export function formatUs(us: number): string {
  if (!Number.isFinite(us)) return '–';
  return us < 1000 ? `${Math.round(us)} µs` : `${(us / 1000).toFixed(2)} ms`;
}

/** Writes 0 to 1 as a percentage with two significant digits. */
export function formatShare(fraction: number): string {
  const percent = fraction * 100;
  if (percent === 0) return '0 %';
  return percent < 0.001 ? '< 0.001 %' : `${Number(percent.toPrecision(2))} %`;
}

/** Writes 0 to 1 as a whole percentage; a dash for what is unknown. */
export function formatPercent(fraction: number | undefined): string {
  return fraction === undefined ? '–' : `${Math.round(fraction * 100)} %`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Writes minutes and seconds of a running session. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Name of a provider for people. */
export function providerLabel(name: string): string {
  const known: Readonly<Record<string, string>> = { openai: 'OpenAI', gemini: 'Gemini' };
  return known[name] ?? name;
}

/** Writes integer micro-USD. Small amounts keep the digits that say something: two of them, or cents. */
export function formatUsd(microUsd: number): string {
  const usd = microUsd / 1e6;
  if (usd === 0) return '$0';
  if (usd < 0) return `-${formatUsd(-microUsd)}`;
  const digits = usd >= 1 ? 2 : Math.min(6, Math.max(3, 1 - Math.floor(Math.log10(usd))));
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

export function formatCount(count: number): string {
  if (count < 100_000) return count.toLocaleString('en-US');
  return count < 1_000_000 ? `${Math.round(count / 1000)}k` : `${(count / 1e6).toFixed(1)}M`;
}

/** Writes a moment in the reader's own time, with the date where that is not today. */
export function formatMoment(iso: string, now: Date = new Date()): string {
  const at = new Date(iso);
  const time = at.toLocaleTimeString('en-GB');
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}, ${time}`;
}
