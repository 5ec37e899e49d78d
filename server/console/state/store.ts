// Holds the state of a controller: one plain value, replaced with every change.

export class StateStore<T extends object> {
  #value: T;
  readonly #onChange: () => void;

  constructor(initial: T, onChange: () => void) {
    this.#value = initial;
    this.#onChange = onChange;
  }

  get(): T {
    return this.#value;
  }

  set(patch: Partial<T>): void {
    this.#value = { ...this.#value, ...patch };
    this.#onChange();
  }
}
