// Numbers as Go prints them, where JavaScript prints them differently.

/** strconv.FormatFloat(value, 'f', -1, 64): the shortest digits that are read back as the same number, never an exponent. */
export function formatDecimal(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const [, sign, whole, fraction = '', exponentText] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text)!;
  if (exponentText === undefined) return text;
  const exponent = Number(exponentText);
  const digits = whole! + fraction;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return sign + digits.padEnd(exponent + 1, '0');
}

/** %v of a float64: the shortest digits, with an exponent below 1e-4 and from 1e6. */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0 || (size >= 1e-4 && size < 1e6)) return formatDecimal(value);
  const [mantissa, exponent] = value.toExponential().split('e');
  return `${mantissa}e${exponent![0]}${exponent!.slice(1).padStart(2, '0')}`;
}

/** %.3f and the like, without an exponent for large numbers. */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  if (Math.abs(value) < 1e21) return value.toFixed(digits);
  return `${BigInt(value)}.${'0'.repeat(digits)}`;
}

function formatSpecial(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
