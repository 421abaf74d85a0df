// Sizes of bytes as Prometheus reads them (alecthomas/units, Base2Bytes): `512MB`, `1.5GiB`, `1GB512MB`; KB = KiB = 1024.

const prefixes = ['', 'K', 'M', 'G', 'T', 'P', 'E'];

/** Bytes, rounded down to a whole number. Throws SyntaxError with Prometheus's words. */
export function parseSize(text: string): number {
  // As there, units of one kind throughout: first KiB, MiB … and where that fails KB, MB …
  let total: number;
  try {
    total = sumUnits(text, 'iB');
  } catch {
    total = sumUnits(text, 'B');
  }
  if (Math.abs(total) >= 2 ** 63) throw new SyntaxError('units: overflow parsing unit');
  return Math.trunc(total);
}

function sumUnits(text: string, suffix: string): number {
  const unsigned = /^[-+]/.test(text) ? text.slice(1) : text;
  if (unsigned === '0') return 0;
  const part = /([0-9]*)(?:\.([0-9]*))?([^.0-9]*)/y;
  let total = 0;
  if (unsigned === '') throw new SyntaxError(`units: invalid ${text}`);
  while (part.lastIndex < unsigned.length) {
    const [, whole, fraction = '', unit = ''] = part.exec(unsigned)!;
    if (whole === '' && fraction === '') throw new SyntaxError(`units: invalid ${text}`);
    const power = prefixes.findIndex((prefix, i) => unit === (i === 0 ? 'B' : prefix + suffix));
    if (power < 0) throw new SyntaxError(`units: unknown unit ${unit} in ${text}`);
    total += Number(`${whole}.${fraction}`) * 1024 ** power;
  }
  return text.startsWith('-') ? -total : total;
}

/** As Prometheus prints it: every unit that is not zero, for example `1GiB512MiB`; `0B`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0B';
  let left = BigInt(Math.trunc(bytes));
  let text = '';
  for (let i = 0; left !== 0n; i++) {
    const count = left % 1024n;
    if (count !== 0n) text = `${count}${prefixes[i]}${i === 0 ? 'B' : 'iB'}${text}`;
    left /= 1024n;
  }
  return text;
}

/** For people to read: with three digits, for example `1.46GiB`; not exact. */
export function formatBytes(bytes: number): string {
  let power = 0;
  let count = bytes;
  while (count >= 1024 && power < prefixes.length - 1) {
    count /= 1024;
    power++;
  }
  const digits = power === 0 || count >= 100 ? 0 : count >= 10 ? 1 : 2;
  return `${Number(count.toFixed(digits))}${prefixes[power]}${power === 0 ? 'B' : 'iB'}`;
}
