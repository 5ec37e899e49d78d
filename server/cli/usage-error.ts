// Wrong arguments on the command line: what is wrong with them, for exit code 2.

export class UsageError extends Error {}
