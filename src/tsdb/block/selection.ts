import type {Matcher} from '../../model/matcher.ts';
import {unguarded, type ReadGuard} from '../../storage/querier.ts';
import type {BlockIndex} from './index.ts';
import {PostingsReader, type SelectionOptions} from './postings.ts';
import {intersectRefs, noRefs, type Refs, subtractRefs, uniteRefs} from './refs.ts';
import {SeriesBatch} from './seriesbatch.ts';

/** Looking at the labels of a series costs about as much as looking at so many values of a label. */
const valuesPerSeries = 4;
/** How many are looked at between two looks at whether to go on. */
const itemsUnchecked = 1024;
/** A list without its contents. */
const listBytes = 200;

/**
 * The series of a block that match all of `matchers`, in the order of their labels. Matchers that name their values go first;
 * what is left is checked either on all values of its label or on the labels of the series found so far, whichever is less.
 */
export function selectSeries(
  index: BlockIndex,
  matchers: readonly Matcher[],
  options: SelectionOptions = {},
): Refs {
  const selection = {index, postings: new PostingsReader(index, options), guard: options.guard ?? unguarded};
  const {postings, guard} = selection;
  guard.check();
  let found: Refs | null = null;
  const open: Matcher[] = [];
  for (const matcher of matchers) {
    if (matchesAll(matcher)) continue;
    const values = literalValues(matcher);
    if (values === null) {
      open.push(matcher);
      continue;
    }
    const refs = uniteRefs(values.map((value) => postings.list(matcher.name, value)));
    found = found === null ? refs : intersectRefs(found, refs);
    if (found.length === 0) return noRefs;
  }
  // Those that need a value make the list shorter, those that do not take series out of it.
  open.sort((left, right) => Number(left.matches('')) - Number(right.matches('')));
  const later: Matcher[] = [];
  for (const matcher of open) {
    const values = index.table.valueCount(matcher.name);
    if (found !== null && found.length * valuesPerSeries < values) {
      later.push(matcher);
      continue;
    }
    found = matcher.matches('')
      ? subtractRefs(found ?? postings.list('', ''), refsOfValues(selection, matcher, false))
      : intersectMaybe(found, refsOfValues(selection, matcher, true));
    if (found.length === 0) return noRefs;
  }
  found ??= postings.list('', '');
  return later.length === 0 ? found : checkSeries(selection, found, later);
}

interface Selection {
  index: BlockIndex;
  postings: PostingsReader;
  guard: ReadGuard;
}

/** Matchers that are written where one is needed and all is wanted. */
function matchesAll({type, value}: Matcher): boolean {
  return type === '=~' && (value === '.*' || value === '(?s:.*)');
}

function intersectMaybe(found: Refs | null, refs: Refs): Refs {
  return found === null ? refs : intersectRefs(found, refs);
}

/** The values that a matcher stands for, where these are few and known, and the empty one is not among them. */
function literalValues(matcher: Matcher): readonly string[] | null {
  if (matcher.matches('')) return null;
  if (matcher.type === '=') return [matcher.value];
  return matcher.type === '=~' && matcher.setMatches.length > 0 ? matcher.setMatches : null;
}

/** The series with a value of the matcher's label that matches, or with one that does not. */
function refsOfValues({index, postings, guard}: Selection, matcher: Matcher, matching: boolean): Refs {
  const lists: Refs[] = [];
  const add = (offset: number, value: string): void => {
    if (lists.length % itemsUnchecked === 0) guard.check();
    const refs = postings.at(offset, matcher.name, value);
    // Twice: in its list and in all together.
    guard.takeBytes(listBytes + 8 * refs.length);
    lists.push(refs);
  };
  // `!=` and `!~` of known values: only these are looked up.
  if (!matching && (matcher.type === '!=' || matcher.type === '!~') && matcher.setMatches.length > 0) {
    for (const value of matcher.setMatches) {
      const offset = value === '' ? -1 : index.table.find(matcher.name, value);
      if (offset >= 0) add(offset, value);
    }
    return uniteRefs(lists);
  }
  // All that match a regular expression begin with its prefix, as do all that do not match a negated one.
  const prefix = matching === (matcher.type === '=~') ? matcher.prefix : '';
  const narrow = prefix !== '' && (matcher.type === '=~' || matcher.type === '!~');
  let looked = 0;
  index.table.walk(matcher.name, narrow ? prefix : '', (value, offset) => {
    if (++looked % itemsUnchecked === 0) guard.check();
    if (narrow && !value.startsWith(prefix)) return false;
    if (matcher.matches(value) === matching) add(offset, value);
    return true;
  });
  return uniteRefs(lists);
}

/** Those of `refs` whose own labels pass. Each label pair is looked at once. */
function checkSeries({index, postings, guard}: Selection, refs: Refs, matchers: readonly Matcher[]): Refs {
  const names = matchers.map((matcher) => index.symbols.find(matcher.name));
  const verdicts = matchers.map(() => new Map<number, boolean>());
  const emptyVerdicts = matchers.map((matcher) => matcher.matches(''));
  const batch = new SeriesBatch();
  const kept = new Uint32Array(refs.length);
  let count = 0;
  for (const [at, ref] of refs.entries()) {
    if (at % itemsUnchecked === 0) guard.check();
    if (!postings.readLabels(ref, batch)) continue;
    let passes = true;
    for (let m = 0; m < matchers.length && passes; m++) {
      const value = valueOf(batch, names[m]!);
      if (value < 0) {
        passes = emptyVerdicts[m]!;
        continue;
      }
      let verdict = verdicts[m]!.get(value);
      if (verdict === undefined) {
        verdict = matchers[m]!.matches(index.symbols.text(value));
        verdicts[m]!.set(value, verdict);
      }
      passes = verdict;
    }
    if (passes) kept[count++] = ref;
  }
  return kept.subarray(0, count);
}

/** The value symbol of the label with this name symbol in a batch of one series; -1 = it has none. */
function valueOf(batch: SeriesBatch, name: number): number {
  for (let i = 0; i < batch.labelsLength; i += 2) if (batch.labels[i] === name) return batch.labels[i + 1]!;
  return -1;
}
