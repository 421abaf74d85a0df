// Functions that Prometheus's and Alertmanager's templates share.
import {quoteGo} from '../base/quote.ts';
import {lowerCase, upperCase} from '../base/case.ts';
import {formatFloat} from './fmt/float.ts';
import {parseFloatGo} from './parse/number.ts';
import {htmlType} from './html/content.ts';
import {matchesAnywhere, replaceAll} from './regexp.ts';
import {durationType, inUnits} from './time.ts';
import {
  anyType,
  boolType,
  float64Type,
  goFunction,
  type GoFunction,
  int64Type,
  intType,
  stringType,
  uint64Type,
} from './type.ts';
import type {Value} from './value.ts';

export const sharedFunctions: readonly (readonly [string, GoFunction])[] = [
  ['toUpper', goFunction([stringType], stringType, upperCase)],
  ['toLower', goFunction([stringType], stringType, lowerCase)],
  ['match', goFunction([stringType, stringType], boolType, matchesAnywhere)],
  ['reReplaceAll', goFunction([stringType, stringType, stringType], stringType, replaceAll)],
  ['safeHtml', goFunction([stringType], htmlType, (text) => text)],
  ['humanizeDuration', goFunction([anyType], stringType, (value) => humanizeDuration(toFloat(value)))],
];

/** A number out of a value of Prometheus's data. Throws TypeError. */
export function toFloat(value: Value | null): number {
  switch (value?.type) {
    case float64Type:
      return value.data as number;
    case stringType:
      return parseFloat64(value.data as string);
    case intType:
    case int64Type:
    case uint64Type:
      return Number(value.data as bigint);
    case durationType:
      return inUnits(value.data as bigint, 1_000_000_000n);
    default:
      throw new TypeError(
        `can't convert ${value === null || value === undefined ? '<nil>' : value.type.text} to float`,
      );
  }
}

/** strconv.ParseFloat. Throws SyntaxError and RangeError with its words. */
export function parseFloat64(text: string): number {
  const value = parseFloatGo(text);
  if (value !== null) return value;
  const parsing = `strconv.ParseFloat: parsing ${quoteGo(text)}`;
  if (/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text)) {
    throw new RangeError(`${parsing}: value out of range`);
  }
  throw new SyntaxError(`${parsing}: invalid syntax`);
}

/** %.4g */
export function fourDigits(value: number): string {
  return formatFloat(value, 'g', 4);
}

const smallPrefixes = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];

/** A number below 1 with the prefix that brings it above. */
export function withSmallPrefix(value: number): string {
  let prefix = '';
  for (const each of smallPrefixes) {
    if (Math.abs(value) >= 1) break;
    prefix = each;
    value *= 1000;
  }
  return fourDigits(value) + prefix;
}

/** Of seconds: 1d 2h 3m 4s, 1.234s, 123ms. */
export function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return fourDigits(seconds);
  if (seconds === 0) return `${fourDigits(seconds)}s`;
  if (Math.abs(seconds) < 1) return `${withSmallPrefix(seconds)}s`;
  const sign = seconds < 0 ? '-' : '';
  const positive = Math.abs(seconds);
  // What does not fit is what the conversion to int64 gives on the machines that Prometheus runs on.
  const total = positive >= 2 ** 63 ? -(2n ** 63n) : BigInt(Math.trunc(positive));
  const parts = [total / 86_400n, (total / 3600n) % 24n, (total / 60n) % 60n, total % 60n];
  const first = parts.findIndex((part) => part !== 0n);
  if (first < 0 || first === 3) return `${sign}${fourDigits(positive)}s`;
  const units = ['d', 'h', 'm', 's'];
  return (
    sign +
    parts
      .map((part, i) => `${part}${units[i]}`)
      .slice(first)
      .join(' ')
  );
}

/** Made when first needed: it reads much of the data of languages. */
let segmenter: Intl.Segmenter | null = null;

/** The first letter of each word as a title has it; the rest in lower case too, where that is wanted. */
export function titleCase(text: string, lowersRest: boolean): string {
  segmenter ??= new Intl.Segmenter('en', {granularity: 'word'});
  let result = '';
  for (const {segment} of segmenter.segment(text)) result += titleWord(segment, lowersRest);
  return result;
}

function titleWord(word: string, lowersRest: boolean): string {
  const match = /^(\P{Cased}*)(\p{Cased})([^]*)$/u.exec(word);
  if (match === null) return word;
  const [, before, first, rest] = match;
  return before! + titleLetter(first!) + (lowersRest ? rest!.toLowerCase() : rest!);
}

const titleLetters: Record<string, string> = {Ǆ: 'ǅ', ǆ: 'ǅ', Ǉ: 'ǈ', ǉ: 'ǈ', Ǌ: 'ǋ', ǌ: 'ǋ', Ǳ: 'ǲ', ǳ: 'ǲ'};

function titleLetter(letter: string): string {
  const single = titleLetters[letter] ?? upperCase(letter);
  if (single !== letter) return single;
  // One letter may have several in upper case: ß is Ss at the start of a word.
  const [first, ...others] = letter.toUpperCase();
  return first! + others.join('').toLowerCase();
}
