// Keeps a credential out of what a provider says, which may quote it, whole or in part.

import { randomInt } from 'node:crypto';

/** Length of a piece of a credential that is not shown: providers quote the last four characters. */
const PIECE = 4;

/** Returns a function that masks each word of a text in which there is a piece of the credential, in whatever case, escaped or decoded. */
export function maskOf(credential: string): (text: string) => string {
  const decoded = Buffer.from(credential, 'base64').toString('utf8');
  const forms = [credential, encodeURIComponent(credential), ...(decoded.length < PIECE ? [] : [decoded])];
  const pieces = forms.flatMap((form) =>
    Array.from({ length: Math.max(1, form.length - PIECE + 1) }, (_, at) => form.slice(at, at + PIECE).toLowerCase()),
  );
  const isSecret = (word: string) => pieces.some((piece) => piece !== '' && word.toLowerCase().includes(piece));
  return (text) => text.replaceAll(/[^\s"'`,;<>()[\]{}]+/g, (word) => (isSecret(word) ? '***' : word));
}

const CLASSES = ['abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789'];

/** Returns a wrong credential of the same form: random letters and digits in the places of others, behind a prefix such as `sk-`. */
export function wrongKeyLike(key: string): string {
  const [prefix = ''] = /^(?:[a-z]{1,12}[-_/])*/.exec(key) ?? [];
  const kept = key.length - prefix.length < PIECE ? '' : prefix;
  const random = [...key.slice(kept.length)].map((one) => {
    const same = CLASSES.find((characters) => characters.includes(one));
    return same === undefined ? one : same.charAt(randomInt(same.length));
  });
  const wrong = kept + random.join('');
  return wrong === key ? `${wrong}0` : wrong;
}
