// Tests credentials in files: tokens, and keys by which tokens are asked for. Who gives them is a server of the test, which checks signatures.

import { generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AccountTokens } from '../../../../server/gateway/credentials/account-tokens.ts';
import { openClient, refusedUpgrade, startGateway } from '../../../support/gateway.ts';
import { startProvider } from '../../../support/provider.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const GRANT = { scope: SCOPE, uri: 'https://tokens.example/token' };
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const asked: URLSearchParams[] = [];
let answer = { status: 200, body: '' };
const giver = createServer(async (request, response) => {
  asked.push(new URLSearchParams(await text(request)));
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
});
let tokenUri: string;

beforeAll(async () => {
  await once(giver.listen(0, '127.0.0.1'), 'listening');
  tokenUri = `http://127.0.0.1:${(giver.address() as AddressInfo).port}/token`;
});
afterAll(() => giver.close());

const folder = temporaryFolder('credentials-file');
let files = 0;
function fileOf(content: string | object): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const service = (more: object = {}) => ({
  type: 'service_account',
  client_email: 'voice@p.iam.gserviceaccount.com',
  private_key_id: 'k1',
  private_key: pem,
  token_uri: tokenUri,
  ...more,
});
const tokens = () => new AccountTokens({ log: pino({ level: 'silent' }) });
const ask = (content: string | object, more: object = {}) =>
  tokens().of('a', { credentialsFile: fileOf(content), allowPrivate: true, grant: GRANT, ...more });
const gives = (token: string) => ({ status: 200, body: JSON.stringify({ access_token: token, expires_in: 3599 }) });

test.each([
  ['a token alone', 'token-1\n', 'token-1'],
  ['JSON with a token', { access_token: 'token-2' }, 'token-2'],
])('reads %s', async (_what, content, token) => {
  expect(await ask(content)).toBe(token);
});

test('signs what it asks for with the key of a service account', async () => {
  answer = gives('token-3');
  expect(await ask(service())).toBe('token-3');
  const form = asked.at(-1);
  expect(form?.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
  const [head = '', claim = '', signature = ''] = form?.get('assertion')?.split('.') ?? [];
  expect(verify('sha256', Buffer.from(`${head}.${claim}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  expect(read(head)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' });
  const { iat, exp, ...rest } = read(claim);
  expect(rest).toEqual({ iss: 'voice@p.iam.gserviceaccount.com', scope: SCOPE, aud: tokenUri });
  expect([exp - iat, Math.abs(iat - Date.now() / 1000) < 60]).toEqual([3600, true]);
});

test('asks with the refresh token of a user', async () => {
  answer = gives('token-4');
  const user = { type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'r', token_uri: tokenUri };
  expect(await ask(user)).toBe('token-4');
  const form = { grant_type: 'refresh_token', client_id: 'c', client_secret: 's', refresh_token: 'r' };
  expect(Object.fromEntries(asked.at(-1) ?? [])).toEqual(form);
});

test('asks where the provider says that tokens are given, where the file names no place', async () => {
  answer = gives('token-5');
  const user = { type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'r' };
  const before = asked.length;
  expect(await ask(user, { grant: { scope: SCOPE, uri: tokenUri } })).toBe('token-5');
  expect(asked).toHaveLength(before + 1);
  await expect(ask(user, { grant: undefined })).rejects.toThrow('the file has no token_uri');
});

test.each([
  ['no RSA key', () => service({ private_key: 'none' }), {}, 'the private_key of the file is no RSA key in PEM'],
  ['no address of mail', () => service({ client_email: undefined }), {}, 'the file has no client_email'],
  ['a provider without such accounts', () => service(), { grant: undefined }, 'this provider has no service accounts'],
  ['a token_uri without TLS', () => service(), { allowPrivate: false }, 'the token_uri of the file is no https: URL'],
  [
    'nothing at its token_uri',
    () => service({ token_uri: 'http://127.0.0.1:9/' }),
    {},
    'who gives tokens cannot be asked (ECONNREFUSED)',
  ],
])('says that a file has %s', async (_what, content, more, message) => {
  await expect(ask(content(), more)).rejects.toThrow(message);
});

test('says that a file is not there', async () => {
  await expect(tokens().of('a', { credentialsFile: join(folder, 'none') })).rejects.toThrow(
    'could not be read (ENOENT)',
  );
});

test.each([
  [
    'refuses',
    { status: 400, body: '{"error":"invalid_grant","error_description":"secret words"}' },
    'answered 400, invalid_grant',
  ],
  ['is broken', { status: 500, body: '<secret>' }, 'answered 500'],
  ['gives nothing', { status: 200, body: '{}' }, 'expected a token alone, or JSON'],
])('says that who gives tokens %s, and repeats no words', async (_what, given, message) => {
  answer = given;
  const fault = await Promise.resolve(ask(service())).catch((error: Error) => error.message);
  expect(fault).toContain(message);
  expect(fault).not.toContain('secret');
});

test('a session on Vertex is dialled with a token of the service account, asked for once, and refused with 503 while there is none', async () => {
  const upstream = await startProvider();
  const account = { kind: 'vertex', baseUrl: upstream.url, allowPrivate: true, credentialsFile: fileOf(service()) };
  const gateway = await startGateway({ providers: { vertex: account } });
  const path = '/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent';
  answer = { status: 403, body: '{"error":"access_denied"}' };
  const { status, body } = await refusedUpgrade(gateway.url + path);
  expect([status, JSON.parse(body).error]).toMatchObject([
    503,
    {
      status: 'UNAVAILABLE',
      message: 'no credential for vertex: its credentialsFile failed: who gives tokens answered 403, access_denied',
    },
  ]);
  answer = gives('token-of-vertex');
  const before = asked.length;
  const clients = [await openClient(gateway.url + path), await openClient(`${gateway.url}/vertex/${path}`)];
  expect(upstream.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual(
    clients.map(() => [path, 'Bearer token-of-vertex']),
  );
  expect(asked.length - before).toBe(1);
  expect(JSON.stringify(gateway.lines)).not.toContain('token-of-vertex');
  for (const client of clients) client.terminate();
  await gateway.close();
  await upstream.close();
});
