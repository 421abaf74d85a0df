import {ProtobufReader} from '../base/protobuf.ts';
import {putUvarint, varintBytesMax} from '../base/varint.ts';
import {formatOpenMetricsFloat} from '../formats/float.ts';
import {type Range, readExemplar, readLabelPair, readRange} from '../formats/familyparts.ts';
import {MetricFamilyReader, metricType, metricTypeNames} from '../formats/metricfamily.ts';
import {lineBytesMax} from '../kernels/scrape-layout.ts';
import {type Labels, metricNameLabel} from '../model/labels.ts';
import type {Exemplar} from '../storage/exemplar.ts';
import {DetailScan, type SampleTimes} from './detailscan.ts';
import {sortPairs, withTypeAndUnit} from './labels.ts';
import type {LabelSource, ScanOptions} from './scan.ts';

/** A length takes five bytes at most, as in Prometheus. */
const lengthBytesMax = 5;

const familyBytesMax = 2 ** 31;

/** Series of a metric: what its name ends with. The number ends the key. */
const part = {plain: 1, count: 2, sum: 3, bucket: 4, quantile: 5} as const;

const suffixes = ['', '', '_count', '_sum', '_bucket', ''];

const tagLabel = (1 << 3) | 2;

/**
 * Reads the protobuf format. The key of a series is made of bytes of the message, so that labels are decoded only when the series
 * is new:
 *
 *     nameLength:varint name (tag length LabelPair)* [bound or quantile:f64] part:u8
 *
 * With the labels of type and unit, these stand behind the name, after a byte 0x01 each. No key of a text format ends like this, so a target that changes its format does not mix them up.
 */
export class FamilyScan extends DetailScan {
  readonly #family = new MetricFamilyReader();
  readonly #source = new KeySource();
  /** What has come of the family that is not complete. */
  #buffer = new Uint8Array(0);
  #pending = 0;
  /** So many bytes the family has, its length included; 0 = not known yet. */
  #wanted = 0;
  /** Offset in the body of the buffer's first byte. */
  #offset = 0;
  /** The key that is being built; parts up to `#nameEnd` and `#labelsEnd` stay for the series of one metric. */
  #key = new Uint8Array(1024);
  #keyView = new DataView(this.#key.buffer);
  #nameEnd = 0;
  #labelsEnd = 0;

  override begin(options: ScanOptions): void {
    super.begin(options);
    this.#pending = 0;
    this.#wanted = 0;
    this.#offset = 0;
    this.#source.typeAndUnit = this.details.typeAndUnit;
  }

  override feed(chunk: Uint8Array): void {
    this.bytesRead += chunk.length;
    if (this.#pending === 0) {
      const used = this.#readFamilies(chunk, chunk.length);
      if (used < chunk.length) this.#append(chunk.subarray(used));
      return;
    }
    this.#append(chunk);
    if (this.#pending < this.#wanted) return;
    const used = this.#readFamilies(this.#buffer, this.#pending);
    this.#buffer.copyWithin(0, used, this.#pending);
    this.#pending -= used;
  }

  override finish(): void {
    if (this.#pending > 0) {
      throw this.located(
        new SyntaxError(`insufficient length: expected ${this.#wanted} bytes, got ${this.#pending} bytes`),
      );
    }
    this.stageHistograms();
  }

  override release(): void {
    super.release();
    this.#buffer = new Uint8Array(0);
    this.#pending = 0;
  }

  protected override readLabels(index: number): LabelSource {
    const length = this.options.table.copyKey(index);
    this.#source.set(this.world.copyOut(this.world.scratch, length));
    return this.#source;
  }

  protected override located(cause: unknown): unknown {
    if (cause instanceof Error) cause.message = `byte ${this.#offset}: ${cause.message}`;
    return cause;
  }

  #append(chunk: Uint8Array): void {
    const size = this.#pending + chunk.length;
    if (size > this.#buffer.length) {
      const larger = new Uint8Array(
        Math.max(size, Math.min(this.#wanted, 2 * size), 2 * this.#buffer.length),
      );
      larger.set(this.#buffer.subarray(0, this.#pending));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#pending);
    this.#pending = size;
  }

  /** Reads the families that are complete in bytes[0, length), and returns where the first one begins that is not. */
  #readFamilies(bytes: Uint8Array, length: number): number {
    const reader = new ProtobufReader(bytes);
    let start = 0;
    this.#wanted = 0;
    while (start < length) {
      reader.position = start;
      const size = this.#familySize(reader, length);
      if (size < 0) break;
      const {position} = reader;
      this.#wanted = position - start + size;
      if (position + size > length) break;
      this.#readFamily(bytes, position, position + size);
      this.#offset += this.#wanted;
      start = position + size;
      this.#wanted = 0;
    }
    return start;
  }

  /** Reads the length of a family; -1 where it is not there yet. */
  #familySize(reader: ProtobufReader, length: number): number {
    const start = reader.position;
    const limit = Math.min(length, start + lengthBytesMax);
    for (let at = start; at < limit; at++) {
      if (reader.bytes[at]! >= 0x80) continue;
      const size = reader.readUint64(limit);
      if (size >= familyBytesMax) throw this.located(new RangeError(`a family cannot have ${size} bytes`));
      return size;
    }
    if (limit < length || limit - start === lengthBytesMax) {
      throw this.located(new SyntaxError('invalid varint encountered'));
    }
    return -1;
  }

  #readFamily(bytes: Uint8Array, start: number, end: number): void {
    const family = this.#family;
    try {
      family.open(bytes, start, end);
      let isFirst = true;
      while (family.next()) {
        if (isFirst) this.#beginFamily();
        isFirst = false;
        this.#readMetric();
      }
    } catch (cause) {
      const isLocated = cause instanceof Error && cause.message.startsWith('byte ');
      throw isLocated ? cause : this.located(cause);
    }
  }

  /** Notes the metadata and begins the key. */
  #beginFamily(): void {
    const {name, help, unit, type} = this.#family;
    this.#comment(`# HELP ${name} ${escapeHelp(help)}`, {metric: name, kind: 'help', text: help});
    const typeName = metricTypeNames[type]!;
    this.#comment(`# TYPE ${name} ${typeName}`, {metric: name, kind: 'type', text: typeName});
    if (unit !== '') this.#comment(`# UNIT ${name} ${unit}`, {metric: name, kind: 'unit', text: unit});
    const typed = this.details.typeAndUnit ? `${name}\u0001${typeName}\u0001${unit}` : name;
    const nameBytes = encoder.encode(typed);
    this.#reserve(nameBytes.length + varintBytesMax);
    const at = putUvarint(this.#key, 0, nameBytes.length);
    this.#key.set(nameBytes, at);
    this.#nameEnd = at + nameBytes.length;
  }

  #comment(line: string, comment: {metric: string; kind: 'help' | 'type' | 'unit'; text: string}): void {
    const bytes = encoder.encode(line);
    if (bytes.length > lineBytesMax)
      throw new RangeError(`the ${comment.kind} is longer than ${lineBytesMax} bytes`);
    const address = this.world.keyScratch;
    this.world.memory.u8.set(bytes, address);
    this.commentEntry(line, {address, length: bytes.length, sets: 0}, comment);
  }

  #readMetric(): void {
    const family = this.#family;
    const {position} = family.reader;
    this.#putLabels();
    const times = {
      timestampMs: family.timestampMs === 0 ? NaN : family.timestampMs,
      startMs: this.details.starts ? family.startMs : 0,
    };
    if (family.type === metricType.summary) this.#summary(times);
    else if (family.type >= metricType.histogram) this.#histogram(times);
    else {
      this.setValueBits(family.valueHigh, family.valueLow);
      const index = this.#float(part.plain, times);
      if (index >= 0 && family.exemplar !== null) this.#exemplars(index, [family.exemplar], times, false);
    }
    family.reader.position = position;
  }

  #summary(times: SampleTimes): void {
    const {sampleCount, sampleSum, quantiles, quantileValues} = this.#family;
    this.setValue(sampleCount);
    this.#float(part.count, times);
    this.setValue(sampleSum);
    this.#float(part.sum, times);
    for (let i = 0; i < quantiles.length; i++) {
      this.setValue(quantileValues[i]!);
      this.#float(part.quantile, times, quantiles[i]!);
    }
  }

  #histogram(times: SampleTimes): void {
    const {native, keepClassic, convertClassic} = this.details;
    const {histogram: message, type} = this.#family;
    const isGauge = type === metricType.gaugeHistogram;
    const isNative = native && message.isNative;
    if (isNative || convertClassic) {
      let read;
      try {
        read = isNative ? message.native(isGauge) : message.custom(isGauge);
        const index = this.#index(part.plain);
        if (index >= 0) {
          this.holdHistogram(index, read, times);
          const own = message.exemplars.length > 0 ? message.exemplars : message.bucketExemplars;
          this.#exemplars(index, own, times, true);
        }
      } catch (cause) {
        if (cause instanceof Error)
          cause.message = `histogram ${JSON.stringify(this.#family.name)}: ${cause.message}`;
        throw cause;
      }
    }
    const isClassic = isNative ? keepClassic && message.bounds.length > 0 : keepClassic || !convertClassic;
    if (isClassic) this.#classic(times);
  }

  #classic(times: SampleTimes): void {
    const {bounds, counts, bucketExemplars, count, sampleSum} = this.#family.histogram;
    this.setValue(count);
    this.#float(part.count, times);
    this.setValue(sampleSum);
    this.#float(part.sum, times);
    for (let i = 0; i < bounds.length; i++) {
      this.setValue(counts[i]!);
      const index = this.#float(part.bucket, times, bounds[i]!);
      const exemplar = bucketExemplars[i]!;
      if (index >= 0 && exemplar !== null) this.#exemplars(index, [exemplar], times, false);
      // What comes after the bucket without a bound does not count.
      if (bounds[i] === Infinity) return;
    }
    this.setValue(count);
    this.#float(part.bucket, times, Infinity);
  }

  /** Takes the float at `stateValue` as a sample of this part of the metric. Returns the entry, or -1. */
  #float(which: number, times: SampleTimes, bound = 0): number {
    const index = this.#index(which, bound);
    if (index >= 0) this.stageFloat(index, times);
    return index;
  }

  /** The entry of the series; -1 beyond the limit of samples. */
  #index(which: number, bound = 0): number {
    let end = this.#labelsEnd;
    if (which === part.bucket || which === part.quantile) {
      this.#keyView.setFloat64(end, bound, true);
      end += 8;
    }
    this.#key[end++] = which;
    const key = this.world.keyScratch;
    this.world.memory.u8.set(this.#key.subarray(0, end), key);
    this.#source.set(this.#key.subarray(0, end));
    return this.entryOf(key, end, 0, this.#source);
  }

  /** Adds the labels of the metric to the key. */
  #putLabels(): void {
    const {labels, reader} = this.#family;
    let at = this.#nameEnd;
    for (let i = 0; i < labels.length; i++) {
      const {start, end} = labels[i]!;
      this.#reserve(at + end - start + varintBytesMax + 16);
      this.#key[at++] = tagLabel;
      at = putUvarint(this.#key, at, end - start);
      for (let from = start; from < end; from++) this.#key[at++] = reader.bytes[from]!;
    }
    if (at > lineBytesMax) throw new RangeError(`a series is longer than ${lineBytesMax} bytes`);
    this.#reserve(at + 16);
    this.#labelsEnd = at;
  }

  #reserve(size: number): void {
    if (size <= this.#key.length) return;
    const larger = new Uint8Array(2 * size);
    larger.set(this.#key);
    this.#key = larger;
    this.#keyView = new DataView(larger.buffer);
  }

  /** `timed`: those without a timestamp are left out. */
  #exemplars(index: number, ranges: readonly (Range | null)[], times: SampleTimes, timed: boolean): void {
    if (!this.details.exemplars) return;
    const exemplars: Exemplar[] = [];
    for (const range of ranges) {
      if (range === null) continue;
      const {pairs, value, timeMs} = readExemplar(this.#family.reader, range);
      if (timed && Number.isNaN(timeMs)) continue;
      exemplars.push({
        labels: sortPairs(pairs),
        value,
        timeMs: Number.isNaN(timeMs) ? this.sampleMs(times.timestampMs) : timeMs,
      });
    }
    if (exemplars.length > 0) this.takeExemplars(index, exemplars);
  }
}

/** The labels that a key stands for. */
class KeySource implements LabelSource {
  readonly typeMatters = false;
  typeAndUnit = false;
  #key: Uint8Array = new Uint8Array(0);
  #pairs: string[] = [];

  /** The key must stay as it is while the source is used. */
  set(key: Uint8Array): void {
    this.#key = key;
  }

  labels(): Labels {
    const key = this.#key;
    const which = key.at(-1)!;
    const isBounded = which === part.bucket || which === part.quantile;
    const labelsEnd = key.length - 1 - (isBounded ? 8 : 0);
    const reader = new ProtobufReader(key);
    const name = readRange(reader, labelsEnd);
    const typed = decoder.decode(key.subarray(name.start, name.end));
    const typeAt = typed.lastIndexOf('\u0001', typed.lastIndexOf('\u0001') - 1);
    const [family, type, unit] = this.typeAndUnit
      ? [typed.slice(0, typeAt), ...(typed.slice(typeAt + 1).split('\u0001') as [string, string])]
      : [typed, '', ''];
    const pairs = [metricNameLabel, family + suffixes[which]!];
    while (reader.position < labelsEnd) {
      reader.readTag(labelsEnd);
      const label = readRange(reader, labelsEnd);
      readLabelPair(reader, label.start, label.end, pairs);
      reader.position = label.end;
    }
    if (isBounded) {
      const view = new DataView(key.buffer, key.byteOffset, key.length);
      const bound = formatOpenMetricsFloat(view.getFloat64(labelsEnd, true));
      pairs.push(which === part.bucket ? 'le' : 'quantile', bound);
    }
    this.#pairs = sortPairs(pairs);
    return withTypeAndUnit(withoutEmpty(this.#pairs), type, unit);
  }

  emptyNames(): string[] {
    return this.#pairs.filter((_, i) => i % 2 === 0 && this.#pairs[i + 1] === '');
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/** Throws where a name stands twice. */
function withoutEmpty(pairs: readonly string[]): Labels {
  const kept: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] === pairs[i - 2])
      throw new SyntaxError(`label name ${JSON.stringify(pairs[i])} is not unique`);
    if (pairs[i + 1] !== '') kept.push(pairs[i]!, pairs[i + 1]!);
  }
  return kept;
}

function escapeHelp(help: string): string {
  return help.replaceAll(/[\\\n]/g, (char) => (char === '\n' ? '\\n' : '\\\\'));
}
