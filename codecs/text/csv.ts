// Comma-separated values (RFC 4180), which spreadsheets may open.

/** A line of fields. Lists of words stand with spaces between, other data as JSON; what is missing is an empty field. */
export const csvLine = (values: readonly unknown[]): string => `${values.map(csvField).join(',')}\r\n`;

/** Puts an apostrophe in front of a text that a spreadsheet would take for a formula, as OWASP advises (CSV injection). */
function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = textOf(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const isWords = Array.isArray(value) && value.every((word) => typeof word === 'string');
  return isWords ? value.join(' ') : JSON.stringify(value);
}
