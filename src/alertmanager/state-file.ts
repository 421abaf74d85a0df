// A file of messages, each with its length before it: how Alertmanager keeps silences and the notification log. Of several
// messages with the same key the last one counts. So a change is appended at once, which survives a kill of the process, and
// from time to time the whole is written again.
import {ProtobufReader} from '../base/protobuf.ts';
import {ProtobufWriter} from '../base/protobuf-writer.ts';
import {type FileSystem, hasCode, writeFully} from '../sys/fs.ts';

/** No Alertmanager has so much. */
const fileBytesMax = 2 ** 31;
const chunkBytes = 1 << 20;

export class StateFile {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #writer = new ProtobufWriter();
  #file = -1;
  #size = 0;
  /** Of what the last replace() wrote. */
  #replacedSize = 0;
  #syncing: Promise<void> | null = null;
  #needsSync = false;

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.#path = path;
  }

  /**
   * Reads all messages. Where bytes make no sense (the last message may be cut short after a loss of power), they and what
   * follows are left out, the file is kept under another name, and replace() must be called before append(). Throws what the
   * file system throws.
   */
  load(take: (message: Uint8Array) => void): {problem: string} {
    const bytes = this.#read();
    if (bytes === null) return {problem: ''};
    const reader = new ProtobufReader(bytes);
    let good = 0;
    let problem = '';
    while (reader.position < bytes.length) {
      try {
        reader.readBytes(bytes.length);
        take(bytes.subarray(reader.position, reader.end));
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        problem = this.#setAside(good, error);
        break;
      }
      reader.position = reader.end;
      good = reader.end;
    }
    this.#size = good;
    this.#replacedSize = good;
    return {problem};
  }

  /** Appends a message. When it returns, the message survives the end of the process; sync() makes it survive more. */
  append(message: Uint8Array): void {
    this.#writer.reset();
    this.#writer.delimited(message);
    const {written} = this.#writer;
    if (this.#file < 0) this.#file = this.#open();
    writeFully(this.#fs, this.#file, written, 0, written.length, this.#size);
    this.#size += written.length;
    this.#needsSync = true;
  }

  /** Returns when all that was appended is on the disk. */
  async sync(): Promise<void> {
    while (this.#syncing !== null) await this.#syncing;
    if (!this.#needsSync || this.#file < 0) return;
    this.#needsSync = false;
    this.#syncing = this.#fs.syncLater(this.#file);
    try {
      await this.#syncing;
    } finally {
      this.#syncing = null;
    }
  }

  /** Whether so much was appended that it is time to write the whole again. */
  get isLong(): boolean {
    return this.#size > 2 * this.#replacedSize + (4 << 20);
  }

  /** Writes these messages in place of all: to another file first, so that there is always a whole one. Gives its size. */
  async replace(messages: Iterable<Uint8Array>): Promise<number> {
    while (this.#syncing !== null) await this.#syncing;
    const temporary = `${this.#path}.${process.pid}.tmp`;
    this.#fs.remove(temporary);
    const file = this.#fs.open(temporary, 'wx');
    let size = 0;
    try {
      size = this.#writeAll(file, messages);
      this.#fs.sync(file);
    } catch (error) {
      this.#fs.close(file);
      this.#fs.remove(temporary);
      throw error;
    }
    this.#fs.rename(temporary, this.#path);
    this.#fs.syncDirectory(directoryOf(this.#path));
    if (this.#file >= 0) this.#fs.close(this.#file);
    this.#file = file;
    this.#size = size;
    this.#replacedSize = size;
    this.#needsSync = false;
    return size;
  }

  async close(): Promise<void> {
    await this.sync();
    if (this.#file >= 0) this.#fs.close(this.#file);
    this.#file = -1;
  }

  #writeAll(file: number, messages: Iterable<Uint8Array>): number {
    const writer = new ProtobufWriter();
    let size = 0;
    const flush = (): void => {
      const {written} = writer;
      writeFully(this.#fs, file, written, 0, written.length, size);
      size += written.length;
      writer.reset();
    };
    for (const message of messages) {
      writer.delimited(message);
      if (writer.written.length > chunkBytes) flush();
    }
    flush();
    return size;
  }

  #read(): Uint8Array | null {
    const status = this.#fs.status(this.#path);
    if (status === null) return null;
    if (status.bytes > fileBytesMax)
      throw new RangeError(`cannot read ${this.#path}: it has ${status.bytes} bytes`);
    const file = this.#fs.open(this.#path, 'r');
    try {
      const bytes = new Uint8Array(status.bytes);
      let length = 0;
      for (let count = -1; count !== 0 && length < bytes.length; length += count)
        count = this.#fs.read(file, bytes, length, bytes.length - length, length);
      return bytes.subarray(0, length);
    } finally {
      this.#fs.close(file);
    }
  }

  #setAside(good: number, error: SyntaxError): string {
    const kept = `${this.#path}.damaged`;
    this.#fs.remove(kept);
    this.#fs.link(this.#path, kept);
    return `${this.#path} is damaged after byte ${good} (${error.message}): what follows is left out, the file is kept as ${kept}`;
  }

  #open(): number {
    try {
      const file = this.#fs.open(this.#path, 'wx');
      this.#fs.syncDirectory(directoryOf(this.#path));
      return file;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      return this.#fs.open(this.#path, 'r+');
    }
  }
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash) || '/';
}
