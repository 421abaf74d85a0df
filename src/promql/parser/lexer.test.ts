import assert from 'node:assert/strict';
import test from 'node:test';
import {Lexer} from './lexer.ts';
import {ParseError} from './position.ts';

/** Kinds and texts of all tokens; an error as `!reason`. */
function tokensOf(text: string): string[] {
  const lexer = new Lexer(text);
  const tokens: string[] = [];
  try {
    for (lexer.next(); lexer.kind !== 'eof'; lexer.next()) {
      const token = text.slice(lexer.start, lexer.end);
      tokens.push(token === lexer.kind ? token : `${lexer.kind}:${token}`);
    }
  } catch (error) {
    assert.ok(error instanceof ParseError);
    tokens.push(`!${error.reason}`);
  }
  return tokens;
}

function f(text: string, ...expected: string[]): void {
  assert.deepEqual(tokensOf(text), expected, text);
}

test('Lexer cuts operators at their longest', () => {
  f('<=<</>=>>/===!=', '<=', '<', '</', '>=', '>', '>/', '==', '=', '!=');
  f('+-*/%^@,', '+', '-', '*', '/', '%', '^', '@', ',');
  f('(a)', '(', 'identifier:a', ')');
});

test('Lexer tells words by what they mean, whatever their case', () => {
  f('sum SUM Sum', 'sum', 'sum:SUM', 'sum:Sum');
  f('Inf nan NaN infinity', 'number:Inf', 'number:nan', 'number:NaN', 'identifier:infinity');
  f('a:b :c d_1 _e', 'metricIdentifier:a:b', 'metricIdentifier::c', 'identifier:d_1', 'identifier:_e');
  f(
    'fill fill(1) fill_left (2)',
    'identifier:fill',
    'fill',
    '(',
    'number:1',
    ')',
    'fill_left',
    '(',
    'number:2',
    ')',
  );
});

test('Lexer tells numbers from durations', () => {
  f(
    '1 .5 5. 1e3 1E-3 0x1F 1_000',
    ...['1', '.5', '5.', '1e3', '1E-3', '0x1F', '1_000'].map((each) => `number:${each}`),
  );
  f('5m 1h30m 15ms 1y2w', ...['5m', '1h30m', '15ms', '1y2w'].map((each) => `duration:${each}`));
  f('5mm', '!bad number or duration syntax: "5mm"');
  f('5x', '!bad number or duration syntax: "5"');
  f('1__2', '!bad number or duration syntax: "1__"');
});

test('Lexer reads strings with their escape sequences', () => {
  f(`"a\\"b" 'c\\'d' \`e\\\``, 'string:"a\\"b"', "string:'c\\'d'", 'string:`e\\`');
  f(String.raw`"\x41\101\u00e9\U0001F600"`, String.raw`string:"\x41\101\u00e9\U0001F600"`);
  f('"a', '!unterminated quoted string');
  f('"a\nb"', '!unterminated quoted string');
  f('`a', '!unterminated raw string');
  f('"a\ufffdb"', '!invalid UTF-8 rune');
  f('"a\ud800b"', '!invalid UTF-8 rune');
  f('`a\udc00b`', '!invalid UTF-8 rune');
  f('"😀"', 'string:"😀"');
  f(String.raw`"\q"`, "!unknown escape sequence U+0071 'q'");
  f('"\\\u{1f600}"', "!unknown escape sequence U+1F600 '😀'");
  f('"\\\n"', '!unknown escape sequence U+000A');
  f(String.raw`"\x4g"`, "!illegal character U+0067 'g' in escape sequence");
  f(String.raw`"\u12"`, "!illegal character U+0022 '\"' in escape sequence");
  f(String.raw`"\777"`, '!escape sequence is an invalid Unicode code point');
  f(String.raw`"\ud800"`, '!escape sequence is an invalid Unicode code point');
  f('"\\', '!escape sequence not terminated');
  f('"\\x', '!escape sequence not terminated');
});

test('Lexer reads no keywords and no comments of a bracket in braces', () => {
  f('{by="a",on=~"b",c!="d",e!~"f"} by', ...braces, 'by');
  f('{a # "}"\n}', '{', 'identifier:a', '}');
  f('{a:b}', '{', 'identifier:a', "!unexpected character inside braces: ':'");
  f('{a{', '{', 'identifier:a', "!unexpected left brace '{'");
  f('{!a', '{', "!unexpected character after '!' inside braces: 'a'");
  f('{', '{', '!unexpected end of input inside braces');
});
const braces =
  '{ identifier:by = string:"a" , identifier:on =~ string:"b" , identifier:c != string:"d" , identifier:e !~ string:"f" }'.split(
    ' ',
  );

test('Lexer reads only durations in brackets', () => {
  f('[5m:1m]', '[', 'duration:5m', ':', 'duration:1m', ']');
  f('[ 5m : ]', '[', 'duration:5m', ':', ']');
  f('[(5m + step()) * 2]', '[', '(', 'duration:5m', '+', 'step', '(', ')', ')', '*', 'number:2', ']');
  f('[a]', '[', "!unexpected character in duration expression: 'a'");
  f('[5m a]', '[', 'duration:5m', "!unexpected character: 'a', expected ':'");
  f('[5m::]', '[', 'duration:5m', ':', "!unexpected colon ':'");
  f('[:5m]', '[', '!unexpected colon before duration in duration expression');
  f('[5m[', '[', 'duration:5m', "!unexpected left bracket '['");
  f('[', '[', '!unexpected end of input in duration expression');
  f('[5m', '[', 'duration:5m', '!unclosed left bracket');
  f('5m]', 'duration:5m', "!unexpected right bracket ']'");
});

test('Lexer refuses what is nowhere in the language', () => {
  f('a $', 'identifier:a', "!unexpected character: '$'");
  f('a é', 'identifier:a', "!unexpected character: 'é'");
  f('a \u200b', 'identifier:a', "!unexpected character: '\\u200b'");
  f("a '", 'identifier:a', '!unterminated quoted string');
  f('=~', "!unexpected character after '=': '~'");
  f('!', "!unexpected character after '!': '\ufffd'");
  f("!'", "!unexpected character after '!': '\\''");
  f('!"', `!unexpected character after '!': '"'`);
  f('(', '(', '!unclosed left parenthesis');
  f('())', '(', ')', "!unexpected right parenthesis ')'");
});
