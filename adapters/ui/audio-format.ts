// Names of audio formats as OpenAI has them.

const OTHER_NAMES: Readonly<Record<string, string>> = { mpeg: 'mp3', 'x-wav': 'wav', wave: 'wav', 'vnd.wave': 'wav' };

/** `subtype`: that of a media type, such as `mpeg` of audio/mpeg. */
export const audioFormat = (subtype: string): string => OTHER_NAMES[subtype] ?? subtype;
