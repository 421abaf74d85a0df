// ULIDs name blocks: 48 bits of milliseconds and 80 random bits in Crockford's base 32, so that names sort by time.
// See https://github.com/ulid/spec.

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const timeDigits = 10;
const randomDigits = 16;

/** A new name. `random` gives whole numbers in [0, 32). */
export function makeUlid(timeMs: number, random: () => number = randomDigit): string {
  let time = '';
  for (let rest = timeMs, i = 0; i < timeDigits; i++, rest = Math.floor(rest / 32))
    time = digits[rest % 32]! + time;
  let tail = '';
  for (let i = 0; i < randomDigits; i++) tail += digits[random()]!;
  return time + tail;
}

export function isUlid(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);
}

const pool = new Uint8Array(256);
let left = 0;

function randomDigit(): number {
  if (left === 0) {
    crypto.getRandomValues(pool);
    left = pool.length;
  }
  return pool[--left]! & 31;
}
