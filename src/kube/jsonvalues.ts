// Cuts a stream of JSON into its parts without holding the whole: a list of 100,000 pods has a gigabyte.
//
//     watch    {"type":"ADDED","object":{…}}⏎{"type":…       each value at the top is a part
//     list     {"kind":…,"metadata":{…},"items":[{…},{…}]}   each element of `items` is a part; the rest is the head

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const colon = 0x3a;

/** Bytes of one part. etcd takes 1.5 MiB; aggregated API servers may serve more. */
const partBytesMax = 32 << 20;

/** Splits by brackets and quotes alone; JSON.parse() then says what is wrong with a part. */
export class JsonValues {
  readonly #onPart: (text: string) => void;
  /** Depth at which a part's bracket opens. */
  readonly #partDepth: number;
  readonly #isList: boolean;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #inPart = false;
  #inItems = false;
  /** The bytes of the part, or of a list's head, that came with earlier chunks. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  readonly #head: Uint8Array[] = [];
  #headBytes = 0;
  /** The text of the last string at depth 1, as far as it may be the key "items". */
  #key = '';
  #keyStart = -1;

  private constructor(isList: boolean, onPart: (text: string) => void) {
    this.#isList = isList;
    this.#partDepth = isList ? 2 : 0;
    this.#onPart = onPart;
  }

  static ofWatch(onEvent: (text: string) => void): JsonValues {
    return new JsonValues(false, onEvent);
  }

  static ofList(onItem: (text: string) => void): JsonValues {
    return new JsonValues(true, onItem);
  }

  /** Takes the next bytes. Throws RangeError where a part is too long. */
  write(chunk: Uint8Array): void {
    // A string that began with the chunk before goes on here.
    if (this.#keyStart > 0) this.#keyStart = 0;
    let i = 0;
    // Where the part, or the piece of the head, begins that has not been put away yet.
    let start = 0;
    while (i < chunk.length) {
      if (this.#inString) {
        i = this.#skipString(chunk, i);
        continue;
      }
      const byte = chunk[i]!;
      if (byte === quote) {
        this.#inString = true;
        this.#keyStart = this.#isList && this.#depth === 1 ? i + 1 : -1;
        this.#key = '';
      } else if (byte === openBrace || byte === openBracket) {
        if (this.#depth === this.#partDepth && (!this.#isList || this.#inItems)) {
          this.#inPart = true;
          start = i;
        }
        this.#depth++;
        if (this.#isList && this.#depth === 2 && byte === openBracket && this.#key === 'items') {
          this.#inItems = true;
          this.#keepHead(chunk.subarray(start, i + 1));
        }
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#depth--;
        if (this.#depth < 0) throw new SyntaxError('not JSON: a bracket is closed that was not opened');
        if (this.#inPart && this.#depth === this.#partDepth) {
          this.#inPart = false;
          this.#emit(chunk.subarray(start, i + 1));
          start = i + 1;
        } else if (this.#inItems && this.#depth === 1) {
          this.#inItems = false;
          start = i;
        }
      } else if (byte !== colon && byte > 0x20 && this.#depth === 1) this.#key = '';
      i++;
    }
    if (this.#inPart) this.#hold(chunk.subarray(start));
    else if (this.#isList && !this.#inItems) this.#keepHead(chunk.subarray(start));
  }

  /** The list without its items. Throws SyntaxError where the stream ended too early. */
  end(): unknown {
    if (this.#depth !== 0 || this.#inString) throw new SyntaxError('unexpected end of JSON');
    return this.#isList ? (JSON.parse(decode(this.#head)) as unknown) : null;
  }

  /** The index behind the string, or the end of the chunk. */
  #skipString(chunk: Uint8Array, from: number): number {
    let i = from;
    if (this.#escaped) {
      this.#escaped = false;
      i++;
    }
    for (;;) {
      const end = chunk.indexOf(quote, i);
      const stop = end < 0 ? chunk.length : end;
      let slashes = 0;
      while (stop - 1 - slashes >= i && chunk[stop - 1 - slashes] === backslash) slashes++;
      const escaped = slashes % 2 === 1;
      if (end < 0) {
        this.#escaped = escaped;
        this.#addKey(chunk, stop);
        return chunk.length;
      }
      if (escaped) {
        i = end + 1;
        continue;
      }
      this.#inString = false;
      this.#addKey(chunk, stop);
      this.#keyStart = -1;
      return end + 1;
    }
  }

  #addKey(chunk: Uint8Array, end: number): void {
    if (this.#keyStart < 0) return;
    const isShort = end - this.#keyStart <= 8;
    this.#key += isShort ? bufferOf(chunk).toString('latin1', this.#keyStart, end) : 'another';
    this.#keyStart = 0;
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > partBytesMax) throw new RangeError(`an object has more than ${partBytesMax} bytes`);
    // A copy: whoever reads the stream may use its memory again.
    this.#held.push(bytes.slice());
  }

  #keepHead(bytes: Uint8Array): void {
    this.#headBytes += bytes.length;
    if (this.#headBytes > partBytesMax)
      throw new RangeError(`a list without its items has more than ${partBytesMax} bytes`);
    this.#head.push(bytes.slice());
  }

  #emit(rest: Uint8Array): void {
    if (this.#held.length === 0) {
      this.#onPart(bufferOf(rest).toString());
      return;
    }
    const text = decode([...this.#held, rest]);
    this.#held = [];
    this.#heldBytes = 0;
    this.#onPart(text);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function decode(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString();
}
