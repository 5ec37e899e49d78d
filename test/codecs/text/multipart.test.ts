// Checks forms in parts: those that SDKs send are read, what could be read in two ways is not, and what is written is read again.

import { describe, expect, test } from 'vitest';
import { readForm, writeForm } from '../../../codecs/text/multipart.ts';

const parts = [
  { name: 'sdp', type: 'application/sdp', data: Buffer.from('v=0\r\ns=-\r\n\r\n--\r\n') },
  { name: 'session', type: 'application/json', data: Buffer.from('{"model":"é"}') },
];

test('what is written is read again, byte for byte', () => {
  const { type, data } = writeForm(parts, 'boundary');
  expect(readForm(data, type)).toEqual(parts);
});

test('a form of the platform itself is read', async () => {
  const form = new FormData();
  form.set('sdp', 'v=0\r\n');
  form.set('session', new Blob(['{}'], { type: 'application/json' }), 'session.json');
  const response = new Response(form);
  const type = response.headers.get('content-type') ?? '';
  expect(readForm(Buffer.from(await response.arrayBuffer()), type)).toEqual([
    { name: 'sdp', type: '', data: Buffer.from('v=0\r\n') },
    { name: 'session', type: 'application/json', data: Buffer.from('{}') },
  ]);
});

test('the form that openai-node sends is read', () => {
  const boundary = '----formdata-undici-052090763595';
  const body =
    `--${boundary}\r\nContent-Disposition: form-data; name="sdp"\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n` +
    `--${boundary}\r\nContent-Disposition: form-data; name="session"\r\nContent-Type: application/json\r\n\r\n{}\r\n--${boundary}--\r\n`;
  expect(readForm(Buffer.from(body), `multipart/form-data; boundary=${boundary}`)?.map(({ name }) => name)).toEqual([
    'sdp',
    'session',
  ]);
});

describe('no form is read', () => {
  const part = (head: string, data = 'x') => `--b\r\n${head}\r\n\r\n${data}\r\n`;
  const sdp = part('Content-Disposition: form-data; name="sdp"');
  test.each([
    ['with a name twice', `${sdp}${sdp}--b--\r\n`],
    ['without an end', sdp],
    ['with something ahead', `hello\r\n${sdp}--b--\r\n`],
    ['with something behind', `${sdp}--b--\r\n${sdp}`],
    ['with a name that has another form', `${part("Content-Disposition: form-data; name*=utf-8''sdp")}--b--\r\n`],
    ['with a name twice in its head', `${part('Content-Disposition: form-data; name="a"; name="b"')}--b--\r\n`],
    [
      'with an encoding',
      `${part('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64')}--b--\r\n`,
    ],
    [
      'with very many parts',
      `${Array.from({ length: 30 }, (_, at) => part(`Content-Disposition: form-data; name="${at}"`)).join('')}--b--\r\n`,
    ],
  ])('%s', (_, body) => {
    expect(readForm(Buffer.from(body), 'multipart/form-data; boundary=b')).toBeUndefined();
  });

  test.each(['application/json', 'multipart/form-data', 'multipart/form-data; boundary=b; boundary=c'])(
    'of the type %s',
    (type) => {
      expect(readForm(Buffer.from(`${sdp}--b--\r\n`), type)).toBeUndefined();
    },
  );
});
