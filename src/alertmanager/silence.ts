// A silence, and its bytes in Alertmanager's file of silences (silencepb.MeshSilence):
//
//     MeshSilence  silence=1 expires_at=2
//     Silence      id=1 matchers=2* starts_at=3 ends_at=4 updated_at=5 comments=7* created_by=8 comment=9
//                  annotations=10* matcher_sets=11*
//     Matcher      type=1 (equal 0, regexp 1, not equal 2, not regexp 3) name=2 pattern=3
//     MatcherSet   matchers=1*
//
// The first of the sets stands in `matchers` too, for older versions.
import {ProtobufWriter} from '../base/protobuf-writer.ts';
import {compareStrings, type Labels} from '../model/labels.ts';
import {Matcher, type MatchType} from '../model/matcher.ts';
import {matchesAll} from './matchers.ts';
import {walkMessage} from './message.ts';
import {decodeTimestamp, encodeTimestamp, type Nanoseconds} from './timestamp.ts';

export interface Silence {
  readonly id: string;
  /** All matchers of one set must match. */
  readonly matcherSets: readonly (readonly Matcher[])[];
  readonly startsAtNs: Nanoseconds;
  readonly endsAtNs: Nanoseconds;
  readonly updatedAtNs: Nanoseconds;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: ReadonlyMap<string, string>;
}

/** A silence with the time at which it is forgotten. */
export interface StoredSilence {
  readonly silence: Silence;
  readonly expiresAtNs: Nanoseconds;
}

export type SilenceState = 'active' | 'pending' | 'expired';

export function stateOf({startsAtNs, endsAtNs}: Silence, nowNs: Nanoseconds): SilenceState {
  if (nowNs < startsAtNs) return 'pending';
  return nowNs < endsAtNs ? 'active' : 'expired';
}

export function silenceMatches({matcherSets}: Silence, labels: Labels): boolean {
  return matcherSets.some((matchers) => matchesAll(matchers, labels));
}

const typeNumbers: readonly MatchType[] = ['=', '=~', '!=', '!~'];

export function encodeSilence({silence, expiresAtNs}: StoredSilence): Uint8Array {
  const inner = new ProtobufWriter();
  inner.string(1, silence.id);
  for (const matcher of silence.matcherSets[0] ?? []) inner.bytes(2, encodeMatcher(matcher));
  inner.bytes(3, encodeTimestamp(silence.startsAtNs));
  inner.bytes(4, encodeTimestamp(silence.endsAtNs));
  inner.bytes(5, encodeTimestamp(silence.updatedAtNs));
  if (silence.createdBy !== '') inner.string(8, silence.createdBy);
  if (silence.comment !== '') inner.string(9, silence.comment);
  for (const [name, value] of [...silence.annotations].sort(([a], [b]) => compareStrings(a, b))) {
    const entry = new ProtobufWriter();
    entry.string(1, name);
    entry.string(2, value);
    inner.bytes(10, entry.written);
  }
  for (const matchers of silence.matcherSets) {
    const set = new ProtobufWriter();
    for (const matcher of matchers) set.bytes(1, encodeMatcher(matcher));
    inner.bytes(11, set.written);
  }
  const outer = new ProtobufWriter();
  outer.bytes(1, inner.written);
  outer.bytes(2, encodeTimestamp(expiresAtNs));
  return outer.written.slice();
}

function encodeMatcher({type, name, value}: Matcher): Uint8Array {
  const writer = new ProtobufWriter();
  const number = typeNumbers.indexOf(type);
  if (number !== 0) writer.int64(1, number);
  if (name !== '') writer.string(2, name);
  if (value !== '') writer.string(3, value);
  return writer.written;
}

/** Throws SyntaxError where the bytes are none, RangeError where a regular expression is none. */
export function decodeSilence(bytes: Uint8Array): StoredSilence {
  let silence: Silence | null = null;
  let expiresAtNs = 0n;
  walkMessage(bytes, (field, value) => {
    if (field === 1) silence = decodeInner(value.bytes());
    else if (field === 2) expiresAtNs = decodeTimestamp(value.bytes());
  });
  if (silence === null) throw new SyntaxError('invalid state: an entry without a silence');
  return {silence, expiresAtNs};
}

function decodeInner(bytes: Uint8Array): Silence {
  const silence = {
    id: '',
    matcherSets: [] as Matcher[][],
    startsAtNs: 0n,
    endsAtNs: 0n,
    updatedAtNs: 0n,
    createdBy: '',
    comment: '',
    annotations: new Map<string, string>(),
  };
  const matchers: Matcher[] = [];
  walkMessage(bytes, (field, value) => {
    if (field === 1) silence.id = value.text();
    else if (field === 2) matchers.push(decodeMatcher(value.bytes()));
    else if (field === 3) silence.startsAtNs = decodeTimestamp(value.bytes());
    else if (field === 4) silence.endsAtNs = decodeTimestamp(value.bytes());
    else if (field === 5) silence.updatedAtNs = decodeTimestamp(value.bytes());
    else if (field === 7) decodeOldComment(value.bytes(), silence);
    else if (field === 8) silence.createdBy = value.text();
    else if (field === 9) silence.comment = value.text();
    else if (field === 10) silence.annotations.set(...decodePair(value.bytes()));
    else if (field === 11) silence.matcherSets.push(decodeSet(value.bytes()));
  });
  if (silence.matcherSets.length === 0 && matchers.length > 0) silence.matcherSets.push(matchers);
  return silence;
}

function decodeSet(bytes: Uint8Array): Matcher[] {
  const matchers: Matcher[] = [];
  walkMessage(bytes, (field, value) => {
    if (field === 1) matchers.push(decodeMatcher(value.bytes()));
  });
  return matchers;
}

function decodeMatcher(bytes: Uint8Array): Matcher {
  let number = 0;
  let name = '';
  let pattern = '';
  walkMessage(bytes, (field, value) => {
    if (field === 1) number = value.number();
    else if (field === 2) name = value.text();
    else if (field === 3) pattern = value.text();
  });
  const type = typeNumbers[number];
  if (type === undefined) throw new SyntaxError(`unknown matcher type ${number}`);
  try {
    return new Matcher(type, name, pattern);
  } catch (cause) {
    throw new RangeError(`matcher of ${name}: ${(cause as Error).message}`, {cause});
  }
}

/** Comments were a list once. Only the first one counts. */
function decodeOldComment(bytes: Uint8Array, silence: {createdBy: string; comment: string}): void {
  if (silence.createdBy !== '' || silence.comment !== '') return;
  walkMessage(bytes, (field, value) => {
    if (field === 1) silence.createdBy = value.text();
    else if (field === 2) silence.comment = value.text();
  });
}

function decodePair(bytes: Uint8Array): [string, string] {
  let name = '';
  let content = '';
  walkMessage(bytes, (field, value) => {
    if (field === 1) name = value.text();
    else if (field === 2) content = value.text();
  });
  return [name, content];
}
