// Number constants as Go reads them: one text may be an int, a uint, a float and a complex number at once.
import {quoteGo} from '../../base/quote.ts';
import type {Token} from './lexer.ts';
import {unquoteCharacter} from './quoted.ts';

export interface Complex {
  readonly real: number;
  readonly imaginary: number;
}

/** What a constant may be used as; null = not as that. */
export interface NumberConstant {
  readonly text: string;
  readonly int: bigint | null;
  readonly uint: bigint | null;
  readonly float: number | null;
  readonly complex: Complex | null;
}

const intMin = -(2n ** 63n);
const intMax = 2n ** 63n - 1n;
const uintMax = 2n ** 64n - 1n;

/** Throws SyntaxError. */
export function parseNumber(token: Token): NumberConstant {
  const {text} = token;
  if (token.kind === 'character') {
    const code = unquoteCharacter(text);
    return {text, int: BigInt(code), uint: BigInt(code), float: code, complex: null};
  }
  if (token.kind === 'complex') return parseComplex(text);
  if (text.endsWith('i')) {
    const imaginary = parseFloatGo(text.slice(0, -1));
    if (imaginary !== null) return ofComplex(text, {real: 0, imaginary});
  }
  const integer = parseInteger(text);
  if (integer !== null) return ofInteger(text, integer);
  const float = parseFloatGo(text);
  if (float === null) throw new SyntaxError(`illegal number syntax: ${quoteGo(text)}`);
  if (!/[.eEpP]/.test(text)) throw new SyntaxError(`integer overflow: ${quoteGo(text)}`);
  return {text, ...integersOf(float), float, complex: null};
}

function ofInteger(text: string, integer: bigint): NumberConstant {
  const int = integer >= intMin && integer <= intMax ? integer : null;
  const isSigned = /^[+-]/.test(text);
  const uint = integer === 0n ? 0n : isSigned || integer > uintMax ? null : integer;
  if (int === null && uint === null) throw new SyntaxError(`integer overflow: ${quoteGo(text)}`);
  return {text, int, uint, float: Number(integer), complex: null};
}

function integersOf(float: number): {int: bigint | null; uint: bigint | null} {
  if (!Number.isInteger(float)) return {int: null, uint: null};
  const integer = BigInt(float);
  return {
    int: integer >= intMin && integer <= intMax ? integer : null,
    uint: integer >= 0n && integer <= uintMax ? integer : null,
  };
}

function parseComplex(text: string): NumberConstant {
  const [, real, imaginary] = /^([+-]?.*?[^eEpP+-])([+-].*)i$/.exec(text) ?? [];
  const [a, b] = [real, imaginary].map((part) => (part === undefined ? null : parseFloatGo(part)));
  if (typeof a !== 'number' || typeof b !== 'number')
    throw new SyntaxError('syntax error scanning complex number');
  return ofComplex(text, {real: a, imaginary: b});
}

function ofComplex(text: string, complex: Complex): NumberConstant {
  if (complex.imaginary !== 0) return {text, int: null, uint: null, float: null, complex};
  return {text, ...integersOf(complex.real), float: complex.real, complex};
}

/** strconv.ParseInt with base 0, without its limits; null where the text is no integer. */
export function parseInteger(text: string): bigint | null {
  const [, sign, digits] = /^([+-]?)(.*)$/s.exec(text)!;
  const base = /^0[xX](?:_?[0-9a-fA-F])+$|^0[bB](?:_?[01])+$|^0[oO]?(?:_?[0-7])+$|^(?:0|[1-9](?:_?[0-9])*)$/;
  if (!base.test(digits!)) return null;
  const plain = digits!.replaceAll('_', '');
  const value = BigInt(/^0[0-7]/.test(plain) ? `0o${plain.slice(1)}` : plain);
  return sign === '-' ? -value : value;
}

const decimalFloat = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const hexFloat = /^([+-]?)0[xX](?=\.?[0-9a-fA-F])([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?[0-9]+)$/;

/** strconv.ParseFloat; null where the text is no number or too large for one. */
export function parseFloatGo(text: string): number | null {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special !== null) {
    if (special[2]!.toLowerCase() === 'nan') return special[1] === '' ? NaN : null;
    return special[1] === '-' ? -Infinity : Infinity;
  }
  // Underscores are allowed with a base prefix only.
  const plain = /^[+-]?0[xX]/.test(text) ? text.replaceAll(/(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])/g, '') : text;
  const value = decimalFloat.test(plain) ? Number(plain) : parseHexFloat(plain);
  return value === null || Math.abs(value) === Infinity ? null : value;
}

function parseHexFloat(text: string): number | null {
  const [, sign, whole, fraction = '', exponent] = hexFloat.exec(text) ?? [];
  if (whole === undefined) return null;
  const mantissa = BigInt(`0x${whole}${fraction}` === '0x' ? '0x0' : `0x${whole}${fraction}`);
  const value = scale(mantissa, Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/** mantissa × 2^exponent, rounded once. */
function scale(mantissa: bigint, exponent: number): number {
  if (exponent >= 0)
    return exponent > 2000 ? (mantissa === 0n ? 0 : Infinity) : Number(mantissa << BigInt(exponent));
  const bits = mantissa.toString(2).length;
  // Beyond 64 bits only matters whether anything is left over.
  const drop = Math.max(0, bits - 64);
  const kept = mantissa >> BigInt(drop);
  const sticky = kept << BigInt(drop) === mantissa ? 0n : 1n;
  return Number((kept << 1n) | sticky) * 2 ** Math.max(-1074, exponent + drop - 1);
}
