// Checks the sideband of a call: it is dialled again when it is lost, and there is no call without one.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CallGateway, startCallGateway, tellTurn } from '../../../support/call-gateway.ts';
import { until } from '../../../support/until.ts';

let at: CallGateway;
beforeEach(async () => {
  at = await startCallGateway([{ id: 'ann', secret: 'secret-of-ann' }]);
});
afterEach(() => at.close());

const hungUp = (id: string) => at.provider.request(`/${id}/hangup`);

describe('a sideband that is lost', () => {
  test('is dialled again, and the count goes on', async () => {
    const { id, session, sideband } = await at.make();
    tellTurn(sideband, 10);
    await until(() => at.gateway.gateway.record(session)?.usage.inputTokens === 10);
    sideband.terminate();
    const next = await at.provider.sideband(id, 2);
    tellTurn(next, 10);
    await until(() => at.gateway.gateway.record(session)?.usage.inputTokens === 20);
    expect(at.gateway.lines.filter(({ msg }) => String(msg).startsWith('sideband lost'))).toHaveLength(1);
    expect(at.gateway.ended).toEqual([]);
  });

  test('tells of the end of its call where that is known no more', async () => {
    const { id, sideband } = await at.make();
    at.provider.end(id);
    sideband.terminate();
    expect(await at.gateway.nextEnd()).toMatchObject({ reason: 'provider-closed' });
  });
});

test('a call is hung up when it has none', async () => {
  at.play.refuseSideband = () => 500;
  const response = await at.ask('ann');
  const id = response.headers.get('location')?.split('/').at(-1) ?? '';
  expect(await at.gateway.nextEnd()).toMatchObject({ reason: 'provider-lost' });
  expect(at.provider.requests).toHaveLength(4);
  await hungUp(id);
});
