// Floating-point numbers as strconv.FormatFloat writes them, exactly: halves go to the even digit, whatever the precision.
import {formatPlain} from '../../base/format.ts';

/** `precision` -1 = as few digits as read back the same. Formats: e, E, f, g, G, b, x, X. */
export function formatFloat(value: number, format: string, precision: number): string {
  if (value !== value) return 'NaN';
  if (Math.abs(value) === Infinity) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + formatPositive(Math.abs(value), format, precision);
}

function formatPositive(value: number, format: string, precision: number): string {
  switch (format) {
    case 'f':
      return precision < 0 ? formatPlain(value) : fixed(value, precision);
    case 'e':
    case 'E':
      return exponential(digitsOf(value, precision < 0 ? -1 : precision + 1), precision, format);
    case 'g':
    case 'G':
      return general(value, precision, format);
    case 'b':
      return binary(value);
    default:
      return hexadecimal(value, precision, format);
  }
}

/** Significant digits and the exponent of the first one. */
interface Digits {
  digits: string;
  exponent: number;
}

function digitsOf(value: number, count: number): Digits {
  if (value === 0) return {digits: '0'.repeat(Math.max(1, count)), exponent: 0};
  const [mantissa, power] = value.toExponential().split('e');
  const exponent = Number(power);
  if (count < 0) return {digits: mantissa!.replace('.', ''), exponent};
  return roundDigits(value, count, exponent);
}

/** No float has more digits than this. */
const digitsMax = 1100;

function roundDigits(value: number, count: number, exponent: number): Digits {
  const wanted = Math.min(count, digitsMax);
  let digits = scaled(value, wanted - 1 - exponent).toString();
  // The shortest form may have been rounded up to the next power of ten, and this rounding may do that too.
  while (digits.length !== wanted) {
    exponent += digits.length - wanted;
    digits = scaled(value, wanted - 1 - exponent).toString();
  }
  return {digits: digits.padEnd(count, '0'), exponent};
}

/** value × 10^decimals, rounded to a whole number, halves to even. */
function scaled(value: number, decimals: number): bigint {
  const {mantissa: whole, exponent} = partsOf(value);
  let mantissa = whole;
  let divisor = 1n;
  if (decimals >= 0) mantissa *= 10n ** BigInt(decimals);
  else divisor = 10n ** BigInt(-decimals);
  if (exponent >= 0) mantissa <<= BigInt(exponent);
  else divisor <<= BigInt(-exponent);
  const quotient = mantissa / divisor;
  const rest = 2n * (mantissa - quotient * divisor);
  if (rest > divisor || (rest === divisor && (quotient & 1n) === 1n)) return quotient + 1n;
  return quotient;
}

const view = new DataView(new ArrayBuffer(8));

/** value = mantissa × 2^exponent */
function partsOf(value: number): {mantissa: bigint; exponent: number} {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return exponent === 0
    ? {mantissa: fraction, exponent: -1074}
    : {mantissa: fraction | (1n << 52n), exponent: exponent - 1075};
}

function fixed(value: number, precision: number): string {
  const decimals = Math.min(precision, digitsMax);
  const digits = scaled(value, decimals)
    .toString()
    .padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return precision === 0
    ? whole
    : `${whole}.${digits.slice(digits.length - decimals).padEnd(precision, '0')}`;
}

function exponential({digits, exponent}: Digits, precision: number, format: string): string {
  const fraction = precision < 0 ? digits.slice(1) : digits.slice(1, precision + 1).padEnd(precision, '0');
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits[0]}${fraction === '' ? '' : `.${fraction}`}${format}${exponent < 0 ? '-' : '+'}${power}`;
}

function general(value: number, precision: number, format: string): string {
  const isShortest = precision < 0;
  if (precision === 0) precision = 1;
  const found = digitsOf(value, precision);
  const digits = isShortest ? found.digits : found.digits.replace(/0+$/, '') || '0';
  const {exponent} = found;
  let exponentMin = precision;
  if (exponentMin > digits.length && digits.length >= exponent + 1) exponentMin = digits.length;
  if (isShortest) exponentMin = 6;
  if (exponent < -4 || exponent >= exponentMin) {
    return exponential({digits, exponent}, digits.length - 1, format === 'g' ? 'e' : 'E');
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function binary(value: number): string {
  const {mantissa, exponent} = partsOf(value);
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
}

/** 0x1.8p+01 */
function hexadecimal(value: number, precision: number, format: string): string {
  let {mantissa, exponent} = value === 0 ? {mantissa: 0n, exponent: -52} : partsOf(value);
  if (mantissa !== 0n) {
    while (mantissa < 1n << 52n) {
      mantissa <<= 1n;
      exponent--;
    }
  }
  exponent += 52;
  if (precision >= 0 && precision < 13) {
    const drop = BigInt(52 - 4 * precision);
    const unit = 1n << drop;
    const rest = mantissa & (unit - 1n);
    mantissa -= rest;
    if (rest * 2n > unit || (rest * 2n === unit && (mantissa & unit) !== 0n)) mantissa += unit;
    if (mantissa >= 1n << 53n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const lead = mantissa >> 52n;
  let fraction = (mantissa & ((1n << 52n) - 1n)).toString(16).padStart(13, '0');
  fraction =
    precision < 0 ? fraction.replace(/0+$/, '') : fraction.slice(0, precision).padEnd(precision, '0');
  const power = `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  const text = `0x${lead}${fraction === '' ? '' : `.${fraction}`}p${power}`;
  return format === 'X' ? text.toUpperCase() : text;
}
