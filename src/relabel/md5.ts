// MD5 (RFC 1321) of the UTF-8 bytes of a text, for the hashmod action, which must run in browsers too. Not for secrets.

const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const sines = Int32Array.from({length: 64}, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));
const encoder = new TextEncoder();

/** The digest as four little-endian words. */
export function md5(text: string): Int32Array {
  const bytes = encoder.encode(text);
  const blocks = (bytes.length + 8) >>> 6;
  const words = new Int32Array((blocks + 1) * 16);
  for (let i = 0; i < bytes.length; i++) words[i >>> 2]! |= bytes[i]! << ((i & 3) * 8);
  words[bytes.length >>> 2]! |= 0x80 << ((bytes.length & 3) * 8);
  words[words.length - 2] = bytes.length << 3;
  words[words.length - 1] = bytes.length >>> 29;
  const digest = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let start = 0; start < words.length; start += 16) addBlock(digest, words, start);
  return digest;
}

function addBlock(digest: Int32Array, words: Int32Array, start: number): void {
  let a = digest[0]!;
  let b = digest[1]!;
  let c = digest[2]!;
  let d = digest[3]!;
  for (let i = 0; i < 64; i++) {
    let mixed: number;
    let word: number;
    const round = i >>> 4;
    if (round === 0) {
      mixed = (b & c) | (~b & d);
      word = i;
    } else if (round === 1) {
      mixed = (d & b) | (~d & c);
      word = (5 * i + 1) & 15;
    } else if (round === 2) {
      mixed = b ^ c ^ d;
      word = (3 * i + 5) & 15;
    } else {
      mixed = c ^ (b | ~d);
      word = (7 * i) & 15;
    }
    const sum = (a + mixed + sines[i]! + words[start + word]!) | 0;
    const shift = shifts[round * 4 + (i & 3)]!;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
  }
  digest[0]! += a;
  digest[1]! += b;
  digest[2]! += c;
  digest[3]! += d;
}

/**
 * The last eight bytes of the digest as a big-endian number, modulo `modulus`: what hashmod writes. `modulus` is a whole
 * number from 1.
 */
export function md5Modulo(text: string, modulus: number): string {
  const digest = md5(text);
  const high = swapBytes(digest[2]!);
  const low = swapBytes(digest[3]!);
  if (modulus <= 2 ** 21) return String(((high % modulus) * 2 ** 32 + low) % modulus);
  return String(((BigInt(high) << 32n) | BigInt(low)) % BigInt(modulus));
}

function swapBytes(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
