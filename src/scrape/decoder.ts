import type {Zlib} from 'node:zlib';
import {createGunzip, createZstdDecompress, zstdDecompressSync} from 'node:zlib';
import type {Transform} from 'node:stream';
import {Breather} from './breather.ts';
import type {Gunzip} from './gunzip.ts';

/**
 * Compressed bodies up to this size are decompressed at once where they are: for one of them a thread pool's round trips
 * cost more than the work itself (bench/parse.ts). Larger ones go through the thread pool, piece by piece.
 */
const inPlaceBytesMax = 131_072;
/** What is more than this when decompressed goes through the thread pool as well: it may be a bomb. */
const inPlaceOutputMax = 4 * 2 ** 20;
/** Bytes that are passed on at a time. */
const pieceBytes = 65_536;

/** Whose body it is. */
export interface DecoderOwner {
  /** Limit of the decompressed body. */
  readonly bytesMax: number;
  tooLarge(): Error;
  /** Expands small gzip bodies. */
  readonly gunzip: Gunzip;
  data(chunk: Uint8Array): void;
  /** Stops and restarts the arrival of compressed bytes. */
  pause(): void;
  resume(): void;
}

/** Undoes the Content-Encoding of one body. */
export class BodyDecoder {
  readonly #owner: DecoderOwner;
  readonly #encoding: 'gzip' | 'zstd' | '';
  readonly #chunks: Buffer[] = [];
  #gathered = 0;
  /** All of it, where it came at once: its bytes are there until end() only. */
  #borrowed: Buffer | null = null;
  #bytes = 0;
  #stream: (Transform & Zlib) | null = null;
  #failure: Error | null = null;
  #ended: (() => void) | null = null;

  /** An encoding that was not asked for passes as it is, and then fails as text. */
  constructor(encoding: string, owner: DecoderOwner) {
    this.#owner = owner;
    this.#encoding = encoding === 'gzip' || encoding === 'zstd' ? encoding : '';
  }

  /**
   * Takes bytes as they came. They are only there during the call, unless they are the whole body: then until end(), which follows at
   * once. Throws what `data` throws, and what tooLarge() makes.
   */
  write(chunk: Buffer, isWhole = false): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#encoding === '') {
      this.#pass(chunk);
      return;
    }
    if (this.#stream === null) {
      if (isWhole && chunk.length <= inPlaceBytesMax) {
        this.#borrowed = chunk;
        return;
      }
      this.#chunks.push(Buffer.from(chunk));
      this.#gathered += chunk.length;
      if (this.#gathered <= inPlaceBytesMax) return;
      this.#openStream();
      chunk = Buffer.concat(this.#chunks);
      this.#chunks.length = 0;
    } else chunk = Buffer.from(chunk);
    if (!this.#stream!.write(chunk)) this.#owner.pause();
  }

  /** null where everything has been passed on, otherwise it settles then. Throws as write() does, or rejects. */
  end(): Promise<void> | null {
    if (this.#encoding === '') return null;
    if (this.#stream !== null) return this.#endStream();
    const whole =
      this.#borrowed ?? (this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks));
    if (whole.length === 0) throw new Error('EOF');
    const {gunzip} = this.#owner;
    if (this.#encoding === 'gzip') {
      const output = this.#expand(whole, gunzip);
      if (output !== null && output.length <= pieceBytes) {
        this.#pass(output);
        return null;
      }
      if (output !== null) return this.#passDetached(output, gunzip);
    } else {
      const output = this.#expandZstd(whole);
      if (output !== null) return this.#passInPieces(output);
    }
    this.#openStream().write(this.#borrowed === null ? whole : Buffer.from(whole));
    return this.#endStream();
  }

  async #endStream(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      if (this.#failure === null) this.#stream!.end();
      else resolve();
    });
    if (this.#failure !== null) throw this.#failure;
  }

  destroy(): void {
    this.#failure ??= new Error('given up');
    this.#stream?.destroy();
    this.#ended?.();
  }

  /** The whole output, until the next is expanded; null where it is too much to be made at once. */
  #expand(whole: Uint8Array, gunzip: Gunzip): Uint8Array | null {
    let output: Uint8Array | null;
    try {
      output = gunzip.expand(whole, Math.min(this.#owner.bytesMax, inPlaceOutputMax));
    } catch (cause) {
      throw this.#damaged(cause);
    }
    if (output === null && this.#owner.bytesMax <= inPlaceOutputMax) throw this.#owner.tooLarge();
    return output;
  }

  /** While others have their turn, the output must stay. */
  async #passDetached(output: Uint8Array, gunzip: Gunzip): Promise<void> {
    const room = gunzip.detach();
    try {
      await this.#passInPieces(output);
    } finally {
      gunzip.release(room);
    }
  }

  /** The whole output; null where it is too much to be made at once. */
  #expandZstd(whole: Buffer): Buffer | null {
    const maxOutputLength = Math.min(this.#owner.bytesMax, inPlaceOutputMax);
    try {
      return zstdDecompressSync(whole, {maxOutputLength});
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw this.#damaged(cause);
      if (this.#owner.bytesMax <= inPlaceOutputMax) throw this.#owner.tooLarge();
      return null;
    }
  }

  async #passInPieces(output: Uint8Array): Promise<void> {
    const breather = new Breather();
    for (let at = 0; at < output.length; at += pieceBytes) {
      if (this.#failure !== null) throw this.#failure;
      this.#pass(output.subarray(at, at + pieceBytes));
      await breather.rest();
    }
  }

  #damaged(cause: unknown): Error {
    return new Error(`cannot decompress the ${this.#encoding} body: ${(cause as Error).message}`, {cause});
  }

  #openStream(): Transform {
    const stream = (this.#encoding === 'gzip' ? createGunzip() : createZstdDecompress()) as Transform & Zlib;
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      if (this.#failure !== null) return;
      try {
        this.#pass(chunk);
      } catch (cause) {
        this.#fail(cause as Error);
      }
    });
    stream.on('drain', () => this.#owner.resume());
    stream.on('end', () => this.#ended?.());
    stream.on('error', (cause) => this.#fail(this.#damaged(cause)));
    return stream;
  }

  #fail(cause: Error): void {
    this.#failure ??= cause;
    this.#stream?.destroy();
    // Whoever writes next, or waits for the end, gets the failure.
    this.#owner.resume();
    this.#ended?.();
  }

  #pass(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes >= this.#owner.bytesMax) throw this.#owner.tooLarge();
    this.#owner.data(chunk);
  }
}
