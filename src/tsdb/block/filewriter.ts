import {crc32c} from '../../kernels/crc32c.ts';
import {type FileSystem, writeFully} from '../../sys/fs.ts';

/** The buffer grows to this: most blocks are large, those of tests are small. */
const bufferBytesMax = 2 ** 20;
const bufferBytesMin = 2 ** 14;

/** Writes a new file from its start to its end, through a buffer. */
export class FileWriter {
  readonly path: string;
  /** Bytes so far: where the next go. */
  position = 0;
  readonly #fs: FileSystem;
  readonly #file: number;
  #buffer = new Uint8Array(bufferBytesMin);
  #length = 0;
  #open = true;

  constructor(fs: FileSystem, path: string) {
    this.path = path;
    this.#fs = fs;
    this.#file = fs.open(path, 'wx');
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const count = end - start;
    if (this.#length + count > this.#buffer.length) this.#makeRoom(count);
    if (count > this.#buffer.length) writeFully(this.#fs, this.#file, bytes, start, end, this.position);
    else {
      this.#buffer.set(
        start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end),
        this.#length,
      );
      this.#length += count;
    }
    this.position += count;
  }

  #makeRoom(count: number): void {
    this.flush();
    if (this.#buffer.length < bufferBytesMax) {
      this.#buffer = new Uint8Array(Math.min(bufferBytesMax, Math.max(4 * this.#buffer.length, count)));
    }
  }

  /** Zeros up to a multiple of `size`. */
  pad(size: number): void {
    const rest = this.position % size;
    if (rest !== 0) this.write(new Uint8Array(size - rest));
  }

  /** Writes over what is there. */
  patch(bytes: Uint8Array, position: number): void {
    this.flush();
    writeFully(this.#fs, this.#file, bytes, 0, bytes.length, position);
  }

  /** CRC-32C of the bytes [start, end) of the file. */
  checksum(start: number, end: number): number {
    this.flush();
    const file = this.#fs.open(this.path, 'r');
    try {
      let crc = 0;
      for (let at = start; at < end;) {
        const count = this.#fs.read(file, this.#buffer, 0, Math.min(this.#buffer.length, end - at), at);
        if (count <= 0) throw new Error(`cannot read ${this.path} again: it ends at byte ${at}`);
        crc = crc32c(this.#buffer, 0, count, crc);
        at += count;
      }
      return crc;
    } finally {
      this.#fs.close(file);
    }
  }

  flush(): void {
    const start = this.position - this.#length;
    if (this.#length > 0) writeFully(this.#fs, this.#file, this.#buffer, 0, this.#length, start);
    this.#length = 0;
  }

  /** Writes all out and makes it durable. */
  finish(): void {
    this.flush();
    this.#fs.sync(this.#file);
    this.close();
  }

  /** Gives the file back as it is. */
  close(): void {
    if (this.#open) this.#fs.close(this.#file);
    this.#open = false;
  }
}
