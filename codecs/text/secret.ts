// Masks a credential in what somebody else has written. Nothing changes its length by it.

/** Shortest credential that is looked for: a shorter one may be a part of any text. */
const MIN_CREDENTIAL_CHARS = 8;

/** Makes what overwrites a credential in bytes; undefined where there is none that is looked for. */
export function credentialMask(credential: string | undefined): ((bytes: Buffer) => void) | undefined {
  if (credential === undefined || credential.length < MIN_CREDENTIAL_CHARS) return undefined;
  const secret = Buffer.from(credential);
  return (bytes) => {
    for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, at))
      bytes.fill('*', at, at + secret.length);
  };
}
