// Numbers as Prometheus's exposition parsers read and print them: the grammar of Go's strconv.ParseFloat without
// hexadecimal floats and underscores, and Go's shortest 'g' format.

const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const special = /^(?:nan|([+-]?)inf(?:inity)?)$/i;

/**
 * The number that `text` denotes, correctly rounded. NaN stands for Prometheus's ordinary NaN (see model/value.ts).
 * Throws SyntaxError where `text` is no number, RangeError where it is too large for a double.
 */
export function parseFloat(text: string): number {
  if (decimal.test(text)) {
    const value = Number(text);
    if (value === Infinity || value === -Infinity) {
      throw new RangeError(`value ${JSON.stringify(text)} is out of range`);
    }
    return value;
  }
  const match = special.exec(text);
  if (match === null) throw new SyntaxError(`value ${JSON.stringify(text)} is no number`);
  if (match[1] === undefined) return NaN;
  return match[1] === '-' ? -Infinity : Infinity;
}

/** As Go prints `strconv.FormatFloat(value, 'g', -1, 64)`, with `.0` added to whole numbers: `1.0`, `0.25`, `1e+06`, `+Inf`. */
export function formatOpenMetricsFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return '0.0';
  const [digits, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 6) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const plain = String(value);
  return plain.includes('.') ? plain : `${plain}.0`;
}
