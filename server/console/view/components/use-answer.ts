// A hook that asks the gateway when a view is shown, and again at regular times while somebody looks.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Api, ApiAnswer } from '../../api/ask.ts';

interface Asked<T> {
  /** The newest answer; undefined until the first one. */
  readonly answer: ApiAnswer<T> | undefined;
  /** The newest value, which stays while a later question fails. */
  readonly value: T | undefined;
  readonly isAsking: boolean;
  reload(): void;
}

/** `everyMs` undefined: asks once. A hidden page asks nothing, and at once when it is seen again. */
export function useAnswer<T>(api: Api, path: string, everyMs?: number): Asked<T> {
  const [state, setState] = useState<Pick<Asked<T>, 'answer' | 'value' | 'isAsking'>>(nothing);
  const question = useRef(0);
  const answered = useRef(0);
  const reload = useCallback(async () => {
    question.current += 1;
    const asked = question.current;
    setState((before) => ({ ...before, isAsking: true }));
    const answer = await api.ask<T>(path);
    // An answer to an older question is dropped.
    if (asked !== question.current) return;
    answered.current = asked;
    setState(({ value }) => ({ answer, value: answer.kind === 'ok' ? answer.value : value, isAsking: false }));
  }, [api, path]);
  useEffect(() => {
    setState(nothing);
    void reload();
    return () => {
      question.current += 1;
    };
  }, [reload]);
  useEffect(() => {
    if (everyMs === undefined) return;
    // A question that is on its way is not asked again: its answer would be dropped, and so would all slow ones.
    const look = () => void (document.hidden || question.current !== answered.current || reload());
    const timer = setInterval(look, everyMs);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [everyMs, reload]);
  return { ...state, reload: () => void reload() };
}

const nothing = { answer: undefined, value: undefined, isAsking: true };
