// The conformance suite: what the gateway promises of every realtime provider, over real sockets where it can be seen there.
// Each provider runs through it with its fixture; what it declares in its contract is held against what it does.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Provider, ServedEndpoint } from '../../../adapters/realtime/contract.ts';
import { findEndpoint, providers } from '../../../adapters/realtime/index.ts';
import { closed, message } from '../../support/inbox.ts';
import { checkDialect } from './conformance-dialect.ts';
import { checkFirstFrame } from './conformance-first-frame.ts';
import { type ConformanceGateways, KEY, LISTED_KEY, PROVIDER_KEY, startGateways } from './conformance-gateways.ts';
import { type CredentialOffer, credentialOffers, inFirstMessage } from './credential-offers.ts';
import { type DialectFixture, IN_FRAME, type ProviderFixture, payloadOf, withKey } from './fixture.ts';

/** The text of an earlier session, and how it stands in an event. */
const CONTEXT = 'They said "hello" before.';
const CONTEXT_IN_JSON = JSON.stringify(CONTEXT).slice(1, -1);

interface Subject {
  readonly provider: Provider;
  readonly fixture: ProviderFixture;
  readonly gateways: ConformanceGateways;
}

export function conformance(provider: Provider, fixture: ProviderFixture): void {
  const subject = { provider, fixture } as { -readonly [Key in keyof Subject]: Subject[Key] };
  beforeAll(async () => {
    subject.gateways = await startGateways(provider.name, CONTEXT);
  });
  afterAll(() => subject.gateways?.close());

  const dialects = new Map(provider.endpoints.map((endpoint) => [endpoint.dialect.name, endpoint] as const));
  test('has a fixture for each of its dialects, and no other', () => {
    expect(Object.keys(fixture.dialects).sort()).toEqual([...dialects.keys()].sort());
  });
  describe.each([...provider.endpoints])('$path', (endpoint) => checkEndpoint(endpoint, subject));
  describe.each([...dialects])('%s', (name, endpoint) => {
    const conversation = fixture.dialects[name] as DialectFixture;
    checkDialect(endpoint.dialect, conversation);
    checkSessions(endpoint, conversation, subject);
    checkContext(endpoint, conversation, subject);
    if (endpoint.firstFrame !== undefined)
      checkFirstFrame(conversation, {
        target: targetOf(provider, endpoint, fixture),
        inFrame: inFrame(provider),
        gateways: () => subject.gateways,
        refusalEvent: (refusal) => fixture.refusalEvent?.(refusal),
      });
  });
  checkNotServed(subject);
}

/** The credential that messages to the provider have. */
const inFrame = ({ auth }: Provider): string | undefined => (auth === 'first-frame' ? PROVIDER_KEY : undefined);

/** Beginnings of the subprotocols that hold a credential, of all providers. */
const allPrefixes = new Set([...providers.values()].flatMap(({ credentials }) => credentials.subprotocolPrefixes));

const pathOf = (pattern: string): string => pattern.replaceAll(/\{\w+\}/g, 'allowed');

/** The request target of a session on this endpoint. */
function targetOf(
  provider: Provider,
  { path, dialect }: ServedEndpoint,
  { dialects }: ProviderFixture,
  more = '',
): string {
  // A path that another provider has, too, is that of the first of them unless it names one.
  const isOwn = findEndpoint(pathOf(path))?.provider === provider;
  return `${isOwn ? '' : `/${provider.name}`}${pathOf(path)}?${[dialects[dialect.name]?.query ?? '', more].filter(Boolean).join('&')}`;
}

function errorBody({ fixture }: Subject, status: number, code: string): unknown {
  return fixture.httpError({ status, code, message: expect.any(String), help: expect.stringContaining(code) });
}

/** The answer where there is no account: one that would have to be switched on is not served. */
const unconfigured = ({ needsSetting }: ServedEndpoint) =>
  needsSetting === undefined ? ([503, 'provider_not_configured'] as const) : ([501, 'not_implemented'] as const);

function checkEndpoint(endpoint: ServedEndpoint, subject: Subject): void {
  const { provider, fixture } = subject;
  const first = firstMessage(endpoint, fixture);
  const offers = [...credentialOffers(provider), ...(first === undefined ? [] : [inFirstMessage])];
  const requestOf = (offer: CredentialOffer) => ({
    ...offer.request(KEY),
    first: first && withKey(first, offer.inMessage?.(KEY) ?? IN_FRAME),
  });
  const target = (more?: string) => targetOf(subject.provider, endpoint, fixture, more);

  test.each(offers)('takes a key of the gateway in $place, and dials with our credential alone', async (offer) => {
    const { status, seen } = await subject.gateways.shake('keyed', target(offer.query(KEY)), requestOf(offer));
    expect(status).toBe(101);
    expect(seen).toContain(PROVIDER_KEY);
    expect(seen).not.toContain(KEY);
    expect(seen).not.toContain(IN_FRAME);
    expect(seen).not.toContain('CANARY');
  });

  test.each(offers)("forwards a client's own credential in $place where the account says so", async (offer) => {
    const { status, seen } = await subject.gateways.shake('forwarding', target(offer.query(KEY)), requestOf(offer));
    expect(status).toBe(101);
    expect(seen.split(KEY)).toHaveLength(2);
  });

  test('answers an offer with the first name that is no credential, and dials with none of them', async () => {
    const word = 'unknown-word';
    const own = (): string => `trunkline-session.${randomUUID()}`;
    const lists = [[], [word], [provider.subprotocol], [own(), word, provider.subprotocol], [own()]];
    for (const protocols of lists) {
      const answer = await subject.gateways.shake('open', target(), { headers: {}, protocols, first });
      const expected = protocols.find((name) => !name.startsWith('trunkline-')) ?? protocols[0];
      expect([answer.status, answer.subprotocol], protocols.join()).toEqual([101, expected]);
      expect(answer.seen.toLowerCase()).not.toContain('sec-websocket-protocol');
    }
  });

  test('answers no credential of any provider, and refuses an offer of nothing else before it dials', async () => {
    for (const prefix of allPrefixes) {
      const secret = prefix + KEY;
      const beside = { headers: {}, protocols: [secret, 'beside', secret.toUpperCase()] };
      expect((await subject.gateways.shake('open', target(), beside)).subprotocol, prefix).toBe('beside');
      const alone = await subject.gateways.shake('open', target(), { headers: {}, protocols: [secret] });
      expect([alone.status, alone.seen], prefix).toEqual([400, '']);
      expect(alone.body).toContain(`expected ${provider.subprotocol} beside it`);
    }
  });

  const inHandshake = [
    ['without a key', 401, 'invalid_key', 'keyed', {}],
    ['from a foreign page', 403, 'origin_not_allowed', 'open', { origin: 'https://foreign.example' }],
  ] as const;
  // Clients whose credential is in the first message are refused behind that.
  test.each([
    ...(first === undefined ? inHandshake : []),
    ['to a provider that is not configured', ...unconfigured(endpoint), 'unconfigured', {}],
  ] as const)(
    '%s is refused with %i, as an upgrade and as a plain GET',
    async (_what, status, code, which, headers) => {
      const refused = await subject.gateways.refusal(which, target(), headers);
      expect([refused.status, JSON.parse(refused.body)]).toEqual([status, errorBody(subject, status, code)]);
      const plain = await subject.gateways.get(which, target(), headers);
      expect([plain.status, plain.body]).toEqual([status, refused.body]);
    },
  );

  const deciding = [endpoint.namedIn, ...(endpoint.once ?? [])].filter((name) => name !== undefined);
  test.each(deciding)('a query that has %s more than once is refused, however that is written', async (name) => {
    const other = name.toUpperCase().replaceAll('_', '-');
    for (const query of [`${name}=a&${name}=b`, `${name}=a&${other}=`, `x=1;${name}=a;${name}=a`]) {
      const refused = await subject.gateways.refusal('open', target(query));
      expect([refused.status, JSON.parse(refused.body)], query).toEqual([
        400,
        errorBody(subject, 400, 'invalid_request'),
      ]);
      expect(refused.body, query).toContain(`The query has ${name} more than once: send it once.`);
    }
  });

  test('the parameters that tell how long sound is are there once', () => {
    if (endpoint.soundIn !== undefined) expect(endpoint.once).toBeDefined();
  });

  test('tells a plain GET of what would be admitted to upgrade', async () => {
    const { status, body } = await subject.gateways.get('open', target());
    expect([status, JSON.parse(body)]).toEqual([426, errorBody(subject, 426, 'invalid_request')]);
  });
}

/** The first message of a client, where it holds a credential. */
function firstMessage({ dialect, firstFrame }: ServedEndpoint, { dialects }: ProviderFixture) {
  const [, payload] = dialects[dialect.name]?.conversation.find(([from]) => from === 'client') ?? [];
  return firstFrame === undefined || payload === undefined ? undefined : payloadOf(payload);
}

function checkSessions(endpoint: ServedEndpoint, given: DialectFixture, subject: Subject): void {
  const { provider, fixture } = subject;
  const { conversation, model, usage, turns, naming, errorEvent } = given;
  const target = targetOf(subject.provider, endpoint, fixture);

  test('a conversation passes byte by byte with its opcodes, and leaves what it was about', async () => {
    const { client, upstream } = await subject.gateways.open(target, KEY);
    for (const [from, payload] of conversation) {
      const [source, sink] = from === 'client' ? [client, upstream] : [upstream, client];
      const { data, binary } = payloadOf(payload);
      source.send(data, { binary });
      expect(await message(sink)).toEqual(withKey({ data, binary }, inFrame(provider)));
    }
    client.close(1000);
    const record = await subject.gateways.ended();
    expect(record).toMatchObject({ provider: provider.name, dialect: endpoint.dialect.name, closeCode: 1000, model });
    const connectedSeconds = record.durationMs / 1000;
    const expected = usage === 'connected-time' ? { seconds: connectedSeconds } : usage;
    expect(record.usage).toEqual(typeof expected === 'function' ? expected(connectedSeconds) : expected);
    expect(subject.gateways.turnsOf(record.id)).toEqual(turns);
  });

  test('our credential never reaches a client in what the provider says, of which all other bytes stay', async () => {
    const { client, upstream } = await subject.gateways.open(target, KEY);
    const said = (key: string) => `{"type":"error","error":{"message":"Keys ${key} and ${key}: é"}}`;
    const hidden = '*'.repeat(PROVIDER_KEY.length);
    for (const binary of [false, true]) {
      upstream.send(Buffer.from(said(PROVIDER_KEY)), { binary });
      expect(await message(client)).toEqual({ data: Buffer.from(said(hidden)), binary });
    }
    upstream.close(1008, `no key ${PROVIDER_KEY}`);
    expect(await closed(client)).toEqual({ code: 1008, reason: `no key ${hidden}` });
    await subject.gateways.ended();
  });

  if (naming === undefined) {
    test('a model that the key may not use is refused, and the provider is not dialled', async () => {
      // A socket whose session was made before names none: its model is known from that, or by nobody.
      const forbidden = target.replaceAll('allowed', 'forbidden');
      if (given.query !== undefined) expect(forbidden).not.toBe(target);
      const { status, body } = await subject.gateways.refusal('keyed', forbidden, {
        authorization: `Bearer ${LISTED_KEY}`,
      });
      expect([status, JSON.parse(body)]).toEqual([403, errorBody(subject, 403, 'model_not_allowed')]);
      if (forbidden === target) return;
      const { client } = await subject.gateways.open(target, LISTED_KEY);
      client.close();
      await subject.gateways.ended();
    });
    return;
  }

  test('a model that the key may not use never goes upstream, and the client is told why', async () => {
    const { client } = await subject.gateways.open(target, LISTED_KEY);
    client.send(JSON.stringify(naming('forbidden')));
    if (errorEvent !== undefined) {
      const event = JSON.parse(String((await message(client)).data));
      expect(event).toEqual(errorEvent('model_not_allowed', expect.stringContaining('forbidden')));
    }
    expect((await closed(client)).code).toBe(1008);
    expect(await subject.gateways.ended()).toMatchObject({ reason: 'frame-refused', frames: { upstream: 0 } });
  });

  test('a model that the key may use goes upstream as it came', async () => {
    const { client, upstream } = await subject.gateways.open(target, LISTED_KEY);
    const event = JSON.stringify(naming('allowed'));
    client.send(event);
    expect(String((await message(upstream)).data)).toBe(event.replace(IN_FRAME, PROVIDER_KEY));
    client.close();
    await subject.gateways.ended();
  });
}

/** Finds the message to the provider that has the context, where the client sends a first message and a last one. */
const placesOfContext = {
  'ahead-of-all': [true, false, false],
  'behind-first-answer': [false, true, false],
  'in-first-message': [true, false],
} as const;

function checkContext(endpoint: ServedEndpoint, { conversation, context }: DialectFixture, subject: Subject): void {
  const target = targetOf(subject.provider, endpoint, subject.fixture, `trunkline-continue=${randomUUID()}`);
  if (context === undefined) {
    test('takes no context, and says so', async () => {
      const { status, body } = await subject.gateways.refusal('open', target);
      expect([status, JSON.parse(body)]).toEqual([400, errorBody(subject, 400, 'invalid_request')]);
    });
    return;
  }

  test('tells the provider the context once, where the fixture says, and passes everything else as it comes', async () => {
    const { client, upstream } = await subject.gateways.open(target, KEY);
    const first = payloadOf(conversation.find(([from]) => from === 'client')?.[1] ?? {});
    const last = Buffer.from('{"last":true}');
    client.send(first.data, { binary: first.binary });
    const received = [await message(upstream)];
    if (context === 'ahead-of-all') received.push(await message(upstream));
    upstream.send('{}');
    client.send(last, { binary: false });
    while (received.at(-1)?.data.equals(last) !== true) received.push(await message(upstream));
    expect(received.map(({ data }) => data.includes(CONTEXT_IN_JSON))).toEqual(placesOfContext[context]);
    const untouched = received.map(({ data }) => data).filter((data) => !data.includes(CONTEXT_IN_JSON));
    expect(untouched).toEqual(context === 'in-first-message' ? [last] : [first.data, last]);
    client.close();
    await subject.gateways.ended();
  });
}

function checkNotServed(subject: Subject): void {
  test.each(subject.provider.notServed)('$method $path is answered with 501', async ({ method = 'POST', path }) => {
    const { status, body } = await subject.gateways.get('open', pathOf(path), {}, method);
    expect([status, JSON.parse(body)]).toEqual([501, errorBody(subject, 501, 'not_implemented')]);
  });

  test('a refusal says when to try again', () => {
    const refusal = { status: 429, code: 'too_many_sessions', message: 'm', retryAfterS: 7 } as const;
    expect(subject.provider.httpError(refusal).headers).toMatchObject({ 'retry-after': '7' });
  });
}
