// A side path for the console's tests: its answers replace those of the real gateway.

import type { Page, Route } from 'playwright-core';

export interface SideAnswers {
  /** Kinds of tasks that `/console.json` names. */
  readonly kinds: readonly string[];
  /** Tasks and ledger rows of every session; called with each request. */
  session(isEnded: boolean): { readonly tasks: readonly object[]; readonly ledger: readonly object[] };
  /** Answer to `/v1/ledger`. */
  ledger(query: URLSearchParams): { readonly status: number; readonly rows: readonly object[] };
}

/** Routes the requests of the page. Reload it afterwards. */
export async function answerSide(page: Page, { kinds, session, ledger }: SideAnswers): Promise<void> {
  await answer(page, '**/console.json', async (route) => {
    const info = (await (await route.fetch()).json()) as object;
    await route.fulfill({ json: { ...info, side: { tasks: kinds, transcripts: 'until-tasks-done' } } });
  });
  await answer(page, '**/v1/sessions/*', async (route) => {
    const response = await route.fetch();
    const record = (await response.json()) as { state?: string };
    const { tasks, ledger: rows } = session(record.state === 'closed');
    await route.fulfill({ status: response.status(), json: { ...record, turns: [], tasks, ledger: rows } });
  });
  await answer(page, '**/v1/sessions/*/events', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: 'retry: 1000\n\n' }),
  );
  await answer(page, '**/v1/ledger?*', async (route) => {
    const { status, rows } = ledger(new URL(route.request().url()).searchParams);
    await route.fulfill({ status, json: { rows } });
  });
}

/** Answers a route. A page that is closed meanwhile needs no answer. */
function answer(page: Page, url: string, give: (route: Route) => Promise<void>): Promise<unknown> {
  return page.route(url, (route) =>
    give(route).catch((error: unknown) => {
      if (!page.isClosed() && !/disposed|closed/i.test(String(error))) throw error;
    }),
  );
}
