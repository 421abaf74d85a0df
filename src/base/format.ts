// Numbers as Go prints them.

/** strconv.FormatFloat(value, 'f', -1, 64): the shortest digits that read back the same, never with an exponent. */
export function formatPlain(value: number): string {
  if (value !== value) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = String(value);
  const mark = text.indexOf('e');
  return mark < 0 ? text : expandExponent(text, mark);
}

function expandExponent(text: string, mark: number): string {
  const exponent = Number(text.slice(mark + 1));
  const sign = text.startsWith('-') ? '-' : '';
  const digits = text.slice(sign.length, mark).replace('.', '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits}${'0'.repeat(exponent + 1 - digits.length)}`;
}

/** fmt's %g and %v: the shortest digits, with an exponent below 1e-4 and from 1e6. */
export function formatShortest(value: number): string {
  if (value === 0 || value - value !== 0) return formatPlain(value);
  const exponential = value.toExponential();
  const exponent = Number(exponential.slice(exponential.indexOf('e') + 1));
  return exponent < -4 || exponent >= 6 ? goExponent(exponential) : formatPlain(value);
}

/** A label value as OpenMetrics writes numbers: like `formatShortest`, but always with a point or an exponent. */
export function formatOpenMetrics(value: number): string {
  if (value - value !== 0) return formatPlain(value);
  if (value === 0) return '0.0';
  const text = formatShortest(value);
  return /[e.]/.test(text) ? text : `${text}.0`;
}

/** fmt's %.Ng: at most `digits` significant digits. */
export function formatFixedDigits(value: number, digits: number): string {
  if (value === 0 || value - value !== 0) return formatPlain(value);
  const exponential = roundedToEven(value, digits);
  const exponent = Number(exponential.slice(exponential.indexOf('e') + 1));
  if (exponent < -4 || exponent >= digits) {
    const [mantissa, power] = exponential.split('e');
    return goExponent(`${mantissa!.includes('.') ? mantissa!.replace(/\.?0+$/, '') : mantissa}e${power}`);
  }
  return formatPlain(Number(exponential));
}

/** toExponential() with so many digits, but with halves rounded to the even digit, as Go does, and not away from zero. */
function roundedToEven(value: number, digits: number): string {
  const rounded = value.toExponential(digits - 1);
  // All digits of what lies exactly between two numbers of few digits fit in here.
  const [mantissa, power] = value.toExponential(100).split('e');
  const kept = mantissa!.replace('-', '').replace('.', '').slice(0, digits);
  const rest = mantissa!.replace('-', '').replace('.', '').slice(digits);
  if (!/^50*$/.test(rest) || Number(kept.at(-1)) % 2 === 1) return rounded;
  const sign = value < 0 ? '-' : '';
  return `${sign}${kept[0]}${digits > 1 ? `.${kept.slice(1)}` : ''}e${power}`;
}

/** JavaScript writes 1e-7 and 1e+21, Go 1e-07 and 1e+21: at least two digits. */
function goExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
