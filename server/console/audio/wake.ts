// Wakes an audio context. Without an output device it stays suspended, and browsers do not say so.

/** The usual time is some 10 ms, on a busy machine some 100. */
const WAKE_MS = 3000;

/** Resolves when the sound runs. Must be called in a user's gesture, or the context stays silent. @throws after 3 s without sound. */
export async function wake(context: AudioContext): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new NoSound()), WAKE_MS);
  await Promise.race([context.resume(), promise]).finally(() => clearTimeout(timer));
}

/** Thrown for a context that does not run: the machine has no output for sound, or none that works. */
class NoSound extends Error {
  constructor() {
    super('The browser found no output for sound');
    this.name = 'NoSound';
  }
}
