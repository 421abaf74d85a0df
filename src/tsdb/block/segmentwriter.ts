import {putUint32, putUvarint} from '../../base/varint.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import type {FileSystem} from '../../sys/fs.ts';
import {FileWriter} from './filewriter.ts';
import {
  chunkFrameBytesMax,
  segmentFactor,
  segmentHeaderBytes,
  segmentMagic,
  segmentName,
  segmentVersion,
} from './segments.ts';

export const segmentBytesDefault = 512 * 2 ** 20;

/** Writes the chunks of a block, segment by segment, into a folder that exists. */
export class SegmentWriter {
  /** Bytes of all segments. */
  bytes = 0;
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #frame = new Uint8Array(chunkFrameBytesMax);
  #file: FileWriter | null = null;
  #segments = 0;
  /** Length of the segment when the present series began, and what its chunks may take in this segment. */
  #seriesStart = 0;
  #seriesBytes = 0;
  #first = true;

  constructor(fs: FileSystem, folder: string, segmentBytes = segmentBytesDefault) {
    this.#fs = fs;
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
  }

  /** The chunks of another series follow. */
  beginSeries(): void {
    this.#seriesStart = this.#file?.position ?? 0;
    this.#seriesBytes = 0;
    this.#first = true;
  }

  /** Writes a chunk and gives its reference. */
  write(encoding: number, data: Uint8Array): number {
    const size = chunkFrameBytesMax + data.length;
    this.#seriesBytes += size;
    if (this.#file === null || this.#full()) {
      this.#cut();
      this.#seriesBytes = size;
      this.#seriesStart = 0;
    }
    this.#first = false;
    const file = this.#file!;
    const ref = (this.#segments - 1) * segmentFactor + file.position;
    const head = putUvarint(this.#frame, 0, data.length);
    this.#frame[head] = encoding;
    const crc = crc32c(data, 0, data.length, crc32c(this.#frame, head, head + 1));
    file.write(this.#frame, 0, head + 1);
    file.write(data);
    putUint32(this.#frame, 0, crc);
    file.write(this.#frame, 0, 4);
    return ref;
  }

  /** Makes all durable. */
  finish(): void {
    if (this.#file === null) return;
    this.#file.finish();
    this.bytes += this.#file.position;
    this.#file = null;
  }

  /** Gives the files back after an error. */
  close(): void {
    this.#file?.close();
  }

  /**
   * Whether the next chunk goes to another segment: as in Prometheus, whose lengths are reckoned at their longest and from the
   * start of the series on, so that segments end at the same chunks.
   */
  #full(): boolean {
    if (this.#seriesStart > segmentHeaderBytes) {
      return this.#seriesStart + this.#seriesBytes > this.#segmentBytes;
    }
    return !this.#first && this.#seriesBytes + segmentHeaderBytes > this.#segmentBytes;
  }

  #cut(): void {
    this.finish();
    this.#segments++;
    this.#file = new FileWriter(this.#fs, `${this.#folder}/${segmentName(this.#segments)}`);
    const header = new Uint8Array(segmentHeaderBytes);
    putUint32(header, 0, segmentMagic);
    header[4] = segmentVersion;
    this.#file.write(header);
  }
}
