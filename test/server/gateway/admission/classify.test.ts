// Checks the classes of a session: key and route bind, and a client can only tighten.

import { describe, expect, test } from 'vitest';
import type { Key } from '../../../../server/config/config.ts';
import { classify } from '../../../../server/gateway/admission/classify.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

const target = { targets: [{ gateway: 'g', model: 'm' }] } as never;
const config = {
  classes: { commodity: target, premium: target },
  hasRehearsalGateway: false,
  routes: { '/v1/responses': { class: 'written' }, '/v1/realtime': { dataClass: 'regulated' as const } },
};

/** The parts of an admission that a class follows from. */
const classified = (known: object) => classify(known as Parameters<typeof classify>[0]);
const ask = (headers: Record<string, string>, key: Partial<Key> = {}, path = '/plain') =>
  classified({ handshake: handshakeOf(path, headers), endpoint: { path }, key, policy: { config } });

describe('the prompt class', () => {
  test('a session has the prompt class realtime by default, in open mode too', () => {
    expect(ask({})).toEqual({ promptClass: 'realtime', dataClass: 'open' });
    const policy = { config: { classes: {}, hasRehearsalGateway: false, routes: {} } };
    const open = classified({ handshake: handshakeOf('/plain'), endpoint: { path: '/plain' }, key: undefined, policy });
    expect(open).toMatchObject({ promptClass: 'realtime' });
  });

  test('the prompt class comes from the key, then from the route, then from the client', () => {
    const asked = { 'x-trunkline-class': 'premium' };
    expect(ask({}, { class: 'a' }, '/v1/responses')).toMatchObject({ promptClass: 'a' });
    expect(ask({}, {}, '/v1/responses')).toMatchObject({ promptClass: 'written' });
    const call = { handshake: handshakeOf('/calls/token'), endpoint: { path: '/calls/{token}' }, key: undefined };
    const routes = { '/calls/{token}': { class: 'spoken' } };
    expect(classified({ ...call, policy: { config: { ...config, routes } } })).toMatchObject({ promptClass: 'spoken' });
    expect(ask(asked)).toMatchObject({ promptClass: 'premium' });
  });

  test.each(['realtime', 'commodity', 'premium'])('a client may name the prompt class %s', (name) => {
    expect(ask({ 'x-trunkline-class': name })).toMatchObject({ promptClass: name });
  });

  test.each(['unknown', '', 'toString', 'commodity, premium'])(
    'the prompt class "%s" is refused with the list of known ones',
    (name) => {
      expect(ask({ 'x-trunkline-class': name })).toMatchObject({
        status: 400,
        code: 'unknown_class',
        message: `x-trunkline-class: expected one of the classes realtime, commodity, premium, got "${name}"`,
      });
    },
  );

  test('a bound prompt class cannot be changed by the client, only repeated', () => {
    expect(ask({ 'x-trunkline-class': 'premium' }, { class: 'a' })).toMatchObject({ status: 400 });
    expect(ask({ 'x-trunkline-class': 'premium' }, {}, '/v1/responses')).toMatchObject({ status: 400 });
    expect(ask({ 'x-trunkline-class': 'a' }, { class: 'a' })).toMatchObject({ promptClass: 'a' });
  });
});

test('a key that lists classes has no other for the asking', () => {
  const key = { classes: ['commodity'] };
  expect(ask({}, key)).toMatchObject({ promptClass: 'realtime' });
  expect(ask({}, key, '/v1/responses')).toMatchObject({ promptClass: 'written' });
  expect(ask({ 'x-trunkline-class': 'realtime' }, key)).toMatchObject({ promptClass: 'realtime' });
  expect(ask({ 'x-trunkline-class': 'commodity' }, key)).toMatchObject({ promptClass: 'commodity' });
  expect(ask({ 'x-trunkline-class': 'premium' }, key)).toMatchObject({
    status: 403,
    code: 'class_not_allowed',
    message: 'x-trunkline-class: this key may use the classes realtime, commodity, got "premium"',
  });
});

describe('the data class', () => {
  test('the data class is open, and can be tightened by key, route or client', () => {
    expect(ask({})).toMatchObject({ dataClass: 'open' });
    expect(ask({ 'x-trunkline-data-class': 'open' })).toMatchObject({ dataClass: 'open' });
    expect(ask({}, { dataClass: 'regulated' })).toMatchObject({ dataClass: 'regulated' });
    expect(ask({}, { dataClass: 'open' }, '/v1/realtime')).toMatchObject({ dataClass: 'regulated' });
    expect(ask({ 'x-trunkline-data-class': 'regulated' })).toMatchObject({ dataClass: 'regulated' });
  });

  test('the data class cannot be loosened', () => {
    const headers = { 'x-trunkline-data-class': 'open' };
    expect(ask(headers, { dataClass: 'regulated' })).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(ask(headers, {}, '/v1/realtime')).toMatchObject({ status: 400 });
  });

  test('a data class of another name is refused', () => {
    expect(ask({ 'x-trunkline-data-class': 'secret' })).toMatchObject({
      status: 400,
      message: 'x-trunkline-data-class: expected open or regulated, got "secret"',
    });
  });
});
