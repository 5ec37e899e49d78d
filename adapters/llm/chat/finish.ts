// Why an answer ended, in the words of chat completions. Rule: a reason that is not known here is a fault of the answer, never its success,
// and `stop` is only what the endpoint called so.

import { LlmFailure } from '../contract.ts';

type Finish = 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'function_call';

/** The reason of an answer, or the fault by which it ended. Neither, where it has not ended. */
export interface Ending {
  readonly finish?: Finish | undefined;
  readonly fault?: LlmFailure | undefined;
}

/** The reasons of one API, by the word that each is in chat completions. */
type FinishWords = Partial<Readonly<Record<Finish, readonly string[]>>>;

/** Makes the reader of an API's reasons: of `null`, `''` or none at all comes neither reason nor fault. */
export function finishReader(words: FinishWords): (reason: unknown) => Ending {
  const byReason = new Map<string, Finish>();
  for (const [finish, reasons] of Object.entries(words)) {
    for (const reason of reasons) byReason.set(reason, finish as Finish);
  }
  return (reason) => {
    if (reason === undefined || reason === null || reason === '') return {};
    const finish = byReason.get(String(reason).toLowerCase());
    return finish === undefined ? { fault: faultOfReason(String(reason)) } : { finish };
  };
}

function faultOfReason(reason: string): LlmFailure {
  const word = /^[\w.-]{1,64}$/.test(reason) ? reason : 'a reason that is no word';
  return new LlmFailure('aborted', `the answer ended in a fault (${word})`);
}

/** The failure of a whole answer that does not say why it ended: nothing shows that it is all of it. */
export const endless = (): LlmFailure => new LlmFailure('aborted', 'the answer does not say why it ended');
