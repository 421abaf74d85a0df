import type {ByteReader} from '../../base/varint.ts';
import type {Labels} from '../../model/labels.ts';

// A mark U+FEFF at the start belongs to the string.
const decoder = new TextDecoder('utf-8', {ignoreBOM: true});

/** Longer strings are rarely met twice. */
const cachedBytesMax = 64;
const cacheSlots = 16_384;

/**
 * Reads strings with their length before them. Label names and values come again and again, so short ASCII strings are
 * looked up in a table of those that were read before, which is faster than to make them and keeps one copy of each.
 */
export class StringReader {
  readonly #cache = Array<string>(cacheSlots).fill('');

  /** Throws a RangeError where the string reaches beyond the reader's end. Bytes that are no UTF-8 become U+FFFD. */
  read(reader: ByteReader): string {
    const length = reader.uvarint();
    const start = reader.skip(length);
    const {bytes} = reader;
    const end = start + length;
    if (length > cachedBytesMax) return decoder.decode(bytes.subarray(start, end));
    let hash = length;
    let seen = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      hash = Math.imul(hash, 31) + byte;
      seen |= byte;
    }
    if (seen >= 0x80) return decoder.decode(bytes.subarray(start, end));
    hash = Math.imul(hash, 0x9e3779b1) >>> 18;
    const cached = this.#cache[hash]!;
    if (cached.length === length && same(cached, bytes, start)) return cached;
    const text = String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
    this.#cache[hash] = text;
    return text;
  }
}

function same(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

/** Reads a number of label pairs, and these. Throws a RangeError where the bytes end before. */
export function readLabels(reader: ByteReader, strings: StringReader): Labels {
  const count = reader.uvarint();
  // A label takes at least two bytes.
  if (2 * count > reader.end - reader.position) throw new RangeError(`${count} labels do not fit the record`);
  const labels: string[] = [];
  for (let i = 0; i < 2 * count; i++) labels.push(strings.read(reader));
  return labels;
}
