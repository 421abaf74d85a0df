// The labels of a series in a write request: a run of `Label{string name = 1; string value = 2}`, each with field number 1.

import {compareStrings, type Labels, metricNameLabel} from '../model/labels.ts';
import {ProtobufReader} from '../base/protobuf.ts';

/** As the head's series table takes them. */
const labelsMax = 1000;
const labelBytesMax = 1024 * 1024;

const tagLabel = (1 << 3) | 2;
const tagName = (1 << 3) | 2;
const tagValue = (2 << 3) | 2;

const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
const loose = new TextDecoder('utf-8', {ignoreBOM: true});

/** Why the labels cannot name a series; the sender is not told, as in Prometheus, but the log is. */
export class InvalidLabels extends Error {
  override name = 'InvalidLabels';
}

/**
 * Decodes, sorts and checks bytes[start, end). Throws InvalidLabels where there is no metric name, a name twice, an empty
 * name, or bytes that are no UTF-8; SyntaxError where they are no message, RangeError where they are beyond all limits.
 */
export function readWriteLabels(bytes: Uint8Array, start: number, end: number): Labels {
  if (end - start > labelBytesMax) {
    throw new RangeError(
      `a series has ${end - start} bytes of labels, more than the limit of ${labelBytesMax}`,
    );
  }
  const pairs = readPairs(bytes, start, end);
  sortPairs(pairs);
  return checkPairs(pairs);
}

/**
 * Labels of an exemplar: [start, end) of each Label message in `ranges`. Those without a value are left out. Throws as
 * readWriteLabels() does, but for what makes a name.
 */
export function readExemplarLabels(bytes: Uint8Array, ranges: readonly number[]): Labels {
  const pairs: string[] = [];
  const reader = new ProtobufReader(bytes);
  for (let i = 0; i < ranges.length; i += 2) {
    reader.position = ranges[i]!;
    readPair(reader, ranges[i + 1]!, pairs);
    if (pairs.at(-1) === '') pairs.length -= 2;
  }
  sortPairs(pairs);
  return pairs;
}

function readPairs(bytes: Uint8Array, start: number, end: number): string[] {
  const pairs: string[] = [];
  const reader = new ProtobufReader(bytes);
  reader.position = start;
  while (reader.position < end) {
    const tag = reader.readTag(end);
    if (tag !== tagLabel) throw new SyntaxError(`unexpected field ${tag >>> 3} among labels`);
    reader.readBytes(end);
    readPair(reader, reader.end, pairs);
    if (pairs.length > 2 * labelsMax) {
      throw new RangeError(`a series has more labels than the limit of ${labelsMax}`);
    }
  }
  return pairs;
}

function readPair(reader: ProtobufReader, limit: number, pairs: string[]): void {
  let name = '';
  let value = '';
  while (reader.position < limit) {
    const tag = reader.readTag(limit);
    if (tag !== tagName && tag !== tagValue) {
      reader.skip(tag, limit);
      continue;
    }
    reader.readBytes(limit);
    const text = decode(reader.bytes.subarray(reader.position, reader.end));
    reader.position = reader.end;
    if (tag === tagName) name = text;
    else value = text;
  }
  pairs.push(name, value);
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new InvalidLabels(`${JSON.stringify(loose.decode(bytes))} is no UTF-8`);
  }
}

/** By names, stable. Senders should send them sorted, and then this only looks. */
function sortPairs(pairs: string[]): void {
  for (let i = 2; i < pairs.length; i += 2) {
    if (compareStrings(pairs[i - 2]!, pairs[i]!) <= 0) continue;
    const order = Array.from({length: pairs.length / 2}, (_, index) => index * 2);
    order.sort((left, right) => compareStrings(pairs[left]!, pairs[right]!));
    const sorted = order.flatMap((index) => [pairs[index]!, pairs[index + 1]!]);
    for (let j = 0; j < sorted.length; j++) pairs[j] = sorted[j]!;
    return;
  }
}

/** Empty values are left out: such a label is absent. A name must not occur twice even so. */
function checkPairs(pairs: string[]): Labels {
  let named = false;
  const labels: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i]!;
    const value = pairs[i + 1]!;
    if (name === '') throw new InvalidLabels(`empty label name in ${describe(pairs)}`);
    if (i > 0 && pairs[i - 2] === name) {
      throw new InvalidLabels(`label name ${JSON.stringify(name)} is not unique in ${describe(pairs)}`);
    }
    if (value === '') continue;
    if (name === metricNameLabel) named = true;
    labels.push(name, value);
  }
  if (!named) throw new InvalidLabels(`no metric name in ${describe(pairs)}`);
  return labels;
}

function describe(pairs: readonly string[]): string {
  const parts: string[] = [];
  for (let i = 0; i < pairs.length && i < 20; i += 2) {
    parts.push(`${JSON.stringify(pairs[i])}=${JSON.stringify(pairs[i + 1]!.slice(0, 100))}`);
  }
  return `{${parts.join(', ')}${pairs.length > 20 ? ', …' : ''}}`;
}
