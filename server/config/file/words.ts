// Words that have a meaning of their own in the configuration file. They are here alone, since processes that read no configuration know them too.

/** The word that forwards the client's own credential: `apiKey: client`. */
export const FORWARD_CLIENT = 'client';

/** The class of a session for which neither key, route nor client names one. */
export const DEFAULT_CLASS = 'realtime';

/** Name of the rehearsal's LLM gateway and of its class. A configuration may use it for neither. */
export const REHEARSAL_NAME = 'rehearsal';
