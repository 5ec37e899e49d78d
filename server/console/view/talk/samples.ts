// Recordings that come with the page: three sentences read for LibriVox, in the public domain.

export const samples = [
  { file: 'librivox-0880.wav', words: 'He was not an ill disposed young man', seconds: 3.0 },
  { file: 'librivox-0930.wav', words: 'He might even have been made amiable himself', seconds: 3.3 },
  { file: 'librivox-0920.wav', words: 'Had he married a more amiable woman…', seconds: 6.1 },
] as const;
