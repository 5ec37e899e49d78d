// The part of the contract that names what a session asks for.

/** The thing that a session runs on. `keys[].models` is matched against `provider/name`, whatever the kind. */
export interface Resource {
  readonly kind: 'model' | 'agent' | 'deployment';
  readonly name: string;
}
