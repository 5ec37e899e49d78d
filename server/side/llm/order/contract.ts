// The result of a rule that orders targets.

export interface Ordered<T> {
  readonly targets: readonly T[];
  /** The reason why the first is the first, in a few words for its row; undefined: it is that of the configuration. */
  readonly why: string | undefined;
}
