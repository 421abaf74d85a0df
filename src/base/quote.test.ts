import assert from 'node:assert/strict';
import test from 'node:test';
import {quoteGo} from './quote.ts';

test('quoteGo() writes what strconv.Quote writes', () => {
  const f = (text: string, expected: string): void => assert.equal(quoteGo(text), expected);
  f('', '""');
  f('plain ☺ 火', '"plain ☺ 火"');
  f('a"b\\c', String.raw`"a\"b\\c"`);
  f('\x07\b\f\n\r\t\v', String.raw`"\a\b\f\n\r\t\v"`);
  f('\0\x1b\x7f', String.raw`"\x00\x1b\x7f"`);
  f('\u0085\u00a0\u200b\ufeff', String.raw`"\u0085\u00a0\u200b\ufeff"`);
  f('\u{e0001}\u{1f600}', '"\\U000e0001\u{1f600}"');
  f('\udc00', '"\ufffd"');
  f('a\udc80\udcffz', String.raw`"a\x80\xffz"`);
});
