// The store as messages: whoever asks it in another thread or process sends the name of a method with what it is given, and gets its result or
// its error. Everything in them is plain data.

import { type LongReads, type Store, StoreError } from '../contract/store.ts';

export interface StoreCall {
  readonly method: string;
  readonly given: readonly unknown[];
}

/** `code` where it is a StoreError; `cause` is what the database said. */
interface StoreFault {
  readonly code: StoreError['code'] | undefined;
  readonly message: string;
  readonly cause: { readonly message: string; readonly code: string | undefined };
}

export type StoreAnswer = { readonly result: unknown } | { readonly fault: StoreFault };

export const methodsOf = (store: LongReads): readonly string[] =>
  Object.entries(store).flatMap(([name, member]) => (typeof member === 'function' ? [name] : []));

/** Never rejects: an error is an answer. */
export async function answerOf(work: () => Promise<unknown>): Promise<StoreAnswer> {
  try {
    return { result: await work() };
  } catch (error) {
    return { fault: faultFrom(error) };
  }
}

export function answerCall(store: LongReads, { method, given }: StoreCall): Promise<StoreAnswer> {
  const methods = store as unknown as Readonly<Record<string, (...given: readonly unknown[]) => Promise<unknown>>>;
  return answerOf(async () => methods[method]?.(...given));
}

/** @throws the StoreError, or the Error, that the method has thrown. */
export function resultOf(answer: StoreAnswer): unknown {
  if ('result' in answer) return answer.result;
  const { code, message, cause } = answer.fault;
  const reason = Object.assign(new Error(cause.message), cause.code !== undefined && { code: cause.code });
  throw code === undefined ? new Error(message, { cause: reason }) : new StoreError(code, reason, message);
}

/** Returns a store that asks another one by these messages. */
export function askedStore(
  kind: Store['kind'],
  methods: readonly string[],
  ask: (call: StoreCall) => Promise<StoreAnswer>,
): Store {
  const asked = methods.map((method) => [
    method,
    async (...given: readonly unknown[]) => resultOf(await ask({ method, given })),
  ]);
  return { kind, ...Object.fromEntries(asked) } as Store;
}

function faultFrom(error: unknown): StoreFault {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const { message: reason = String(cause), code } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  return {
    code: error instanceof StoreError ? error.code : undefined,
    message,
    cause: { message: reason, code: typeof code === 'string' ? code : undefined },
  };
}
