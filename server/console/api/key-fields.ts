// The fields of a new key as they are typed, and as the gateway takes them.

export interface KeyFields {
  readonly id: string;
  readonly team: string;
  readonly endUser: string;
  /** Patterns, with commas or spaces between them. */
  readonly models: string;
  readonly maxSessions: string;
  readonly maxSessionSeconds: string;
  readonly maxUsdPerSession: string;
  /** Days; '' for one that does not expire. */
  readonly lifetime: string;
}

export const noFields: KeyFields = {
  ...{ id: '', team: '', endUser: '', models: '' },
  ...{ maxSessions: '', maxSessionSeconds: '', maxUsdPerSession: '', lifetime: '' },
};

export const lifetimes = [
  ['', 'never'],
  ['1', 'in a day'],
  ['30', 'in 30 days'],
  ['90', 'in 90 days'],
  ['365', 'in a year'],
] as const;

const dayMs = 86_400_000;

/** The body of `POST /keys`; what was left empty is left out. The gateway says what is wrong. */
export function keyBody({ lifetime, ...fields }: KeyFields, now: number): object {
  const given = Object.entries(fields).flatMap(([name, typed]) => {
    const text = typed.trim();
    return text === '' ? [] : [[name, fieldValue(name, text)] as const];
  });
  const expiresAt = lifetime === '' ? {} : { expiresAt: new Date(now + Number(lifetime) * dayMs).toISOString() };
  return { ...Object.fromEntries(given), ...expiresAt };
}

function fieldValue(name: string, text: string): string | number | readonly string[] {
  if (name === 'models') return text.split(/[\s,]+/).filter((pattern) => pattern !== '');
  return name.startsWith('max') && Number.isFinite(Number(text)) ? Number(text) : text;
}
