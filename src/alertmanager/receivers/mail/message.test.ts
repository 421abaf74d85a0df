import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../../base/random.ts';
import {encodeHeader, encodeQuotedPrintable, formatMail, formatMailDate} from './message.ts';

test('encodeHeader() encodes what is not printable ASCII, in words of at most 75 characters', () => {
  function f(text: string, expected: string): void {
    const encoded = encodeHeader(text);
    assert.equal(encoded, expected);
    for (const line of encoded.split('\r\n')) assert.ok(line.length <= 76);
  }
  f('plain = ? _ text', 'plain = ? _ text');
  f('é', '=?utf-8?q?=C3=A9?=');
  f('a b=c?_é', '=?utf-8?q?a_b=3Dc=3F=5F=C3=A9?=');
  // Nobody adds a header by a label.
  f('a\r\nBcc: x@y', '=?utf-8?q?a=0D=0ABcc:_x@y?=');
  f(
    '障害'.repeat(6),
    '=?utf-8?q?=E9=9A=9C=E5=AE=B3=E9=9A=9C=E5=AE=B3=E9=9A=9C=E5=AE=B3=E9=9A=9C?=\r\n =?utf-8?q?=E5=AE=B3=E9=9A=9C=E5=AE=B3=E9=9A=9C=E5=AE=B3?=',
  );
});

test('encodeQuotedPrintable() keeps lines short and ends them alike', () => {
  function f(text: string, expected: string): void {
    assert.equal(encodeQuotedPrintable(text), expected);
  }
  f('', '');
  f('a\nb\r\nc\rd', 'a\r\nb\r\nc\r\nd');
  f('a=b é', 'a=3Db =C3=A9');
  f('end \n\t', 'end=20\r\n=09');
  f('x'.repeat(75), 'x'.repeat(75));
  f('x'.repeat(77), `${'x'.repeat(75)}=\r\nxx`);
});

function decode(encoded: string): string {
  const bytes = encoded
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

test('what is quoted-printable comes back, for any seed', () => {
  const pieces = ['a', ' ', '\t', '=', '\r\n', 'é', '漢', '😀', '.', 'long'.repeat(20)];
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    let text = '';
    for (let i = random.below(40); i > 0; i--) text += pieces[random.below(pieces.length)]!;
    const encoded = encodeQuotedPrintable(text);
    assert.equal(decode(encoded), text, `seed ${seed}`);
    for (const line of encoded.split('\r\n')) {
      assert.ok(line.length <= 76, `seed ${seed}: ${line.length}`);
      assert.match(line, /^[\t\x20-\x7e]*$/);
      assert.doesNotMatch(line, /[\t ]$/, `seed ${seed}`);
    }
  }
});

test('formatMail() writes headers and parts', () => {
  const text = formatMail(
    {
      headers: [['Subject', 'é']],
      rawHeaders: [['Message-Id', '<1@h>']],
      date: new Date(Date.UTC(2026, 10, 26, 9, 5, 1)),
      parts: [
        {contentType: 'text/plain', text: 'a\n'},
        {contentType: 'text/html', text: '<b>'},
      ],
    },
    'B',
  );
  assert.deepEqual(text.replace(/^Date: .*$/m, 'Date').split('\r\n'), [
    'Subject: =?utf-8?q?=C3=A9?=',
    'Message-Id: <1@h>',
    'Date',
    'Content-Type: multipart/alternative;  boundary=B',
    'MIME-Version: 1.0',
    '',
    '--B',
    'Content-Transfer-Encoding: quoted-printable',
    'Content-Type: text/plain',
    '',
    'a',
    '',
    '--B',
    'Content-Transfer-Encoding: quoted-printable',
    'Content-Type: text/html',
    '',
    '<b>',
    '--B--',
    '',
  ]);
  const date = new Date(2026, 10, 6, 9, 5, 1);
  assert.match(formatMailDate(date), /^Fri, 06 Nov 2026 09:05:01 [+-]\d{4}$/);
  assert.equal(Date.parse(formatMailDate(date)), date.getTime());
});
