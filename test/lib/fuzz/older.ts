// What versions before 3.14 do otherwise, by the version that changed it; numbers are those of Prometheus's pull requests.

import type {Answer} from './compare.ts';
import type {Difference, Explanation} from './known.ts';

export interface OlderVersion extends Explanation {
  /** The first version that answers as 3.14 does: major + minor / 100. */
  since: number;
}

/** Before it, native histograms are computed otherwise in too many ways to say: #16828, #17004, #17278, #17312, #17608. */
export const nativeHistogramsSince = 3.14;

/** Before it, info() finds other series: #17135, #17199, #17817, #17898, #17932. */
export const infoSince = 3.12;

export const olderVersions: readonly OlderVersion[] = [
  {
    since: 3.14,
    reason: 'mad_over_time() of NaN is NaN (#19040)',
    explains: ({query, difference}) =>
      /^(values|series): /.test(difference) && query.includes('mad_over_time'),
  },
  {
    since: 3.14,
    reason: 'group_left and group_right can copy the name',
    explains: ({query}) => /group_(left|right)\s*\([^)]*__name__/i.test(query),
  },
  {
    since: 3.14,
    reason: 'of several conflicts the same one is reported each time, its series in order (#18810)',
    explains: ({got, expected}) => {
      const kind = ({error = ''}: Answer): string =>
        error.replace(/ for the match group .* hand-side/s, '').replace(/\[.*\]/s, '');
      return got.error?.startsWith('found duplicate series') === true && kind(got) === kind(expected);
    },
  },
  {
    since: 3.14,
    reason: 'brackets hold arithmetic (#19033)',
    explains: ({got, expected}) =>
      got.status === 400 &&
      expected.status === 400 &&
      /(range|subquery) selector|duration expression|colon|number, duration, step|expected ':'/.test(
        got.error! + expected.error!,
      ),
  },
  {
    since: 3.14,
    reason: '@ is named by itself',
    explains: ({got, expected}) =>
      got.status === 400 && expected.error?.replace('"<Item 57400>" ', '') === got.error,
  },
  {
    since: 3.13,
    reason: 'start(), end(), min_of() and the like are functions (#17877, #18687)',
    explains: ({query, expected}) =>
      expected.status === 400 && /\b(start|end|step|range|min_of|max_of)\s*\(/.test(query),
  },
  {
    since: 3.13,
    reason: 'modifiers stand behind the range',
    explains: ({got, expected}) =>
      got.error?.includes('modifiers allowed before range') === true && expected.status === 200,
  },
  {
    since: 3.12,
    reason: 'sort() and its kin are remarked on in range queries (#18498)',
    explains: remarksDiffer('warnings', (text) => (text.includes(': sort is ineffective') ? null : text)),
  },
  {
    since: 3.12,
    reason: 'the name goes from last_over_time() of a subquery without names (#18409)',
    explains: ({query}) => /(last|first)_over_time\(.*:/is.test(query),
  },
  {
    since: 3.11,
    reason: '</ and >/ trim histograms (#17904)',
    explains: ({query, expected}) => /<\/|>\//.test(query) && expected.status === 400,
  },
  {
    since: 3.1,
    reason: 'repaired buckets are told with their bounds (#15578)',
    explains: remarksDiffer('infos', (text) =>
      text.includes('to be fixed for monotonicity') ? text.replace(/\/#histogram_quantile\).*/, '') : text,
    ),
  },
  {
    since: 3.09,
    reason: 'filters look for many-to-one matches too (#17668)',
    explains: ({got, expected}) =>
      got.error?.startsWith('multiple matches for labels') === true &&
      (expected.status === 200 || expected.error?.startsWith('found duplicate series') === true),
  },
  {
    since: 3.09,
    reason: 'series that lose their names at the end are one where they never meet (#17678)',
    explains: ({got, expected}) =>
      got.status === 200 && expected.error === 'vector cannot contain metrics with the same labelset',
  },
  {
    since: 3.08,
    reason: 'histogram_fraction() of the first bucket is right (#17424)',
    explains: ({query, difference}) =>
      /^(values|series): /.test(difference) && query.includes('histogram_fraction'),
  },
  {
    since: 3.07,
    reason: 'remarks on buckets have no name where it was dropped (#16794)',
    explains: remarksDiffer('warnings', (text) => text.replace(/ for metric name ".*"/, '')),
  },
  {
    since: 3.07,
    reason: 'remarks on buckets of many names are one, and leave none out (#16794)',
    explains: ({query, expected, difference}) =>
      difference.startsWith('warnings: ') &&
      /histogram_(quantile|fraction)/.test(query) &&
      expected.warnings?.at(-1)?.endsWith('annotations omitted') === true,
  },
  {
    since: 3.07,
    reason: 'several of these remarks together',
    explains: remarksDiffer('warnings', (text) => {
      if (text.includes(': sort is ineffective') || text.endsWith('annotations omitted')) return null;
      return text.replace(/( for metric name ".*")? \(\d+:\d+\)$/, '');
    }),
  },
  {
    since: 3.07,
    reason: 'remarks on arguments in parentheses stand within them (#16896)',
    explains: (found) =>
      /\(\s*\(/.test(found.query) &&
      remarksDiffer('warnings', (text) => text.replace(/ \(\d+:\d+\)$/, ''))(found),
  },
  {
    since: 3.06,
    reason: 'NaN and numbers that are too large are no parameters of topk() and its kin (#16725)',
    explains: ({got, expected}) =>
      /^(Parameter value is NaN|Ratio value is NaN|Scalar value .* (over|under)flows int64)$/.test(
        got.error ?? '',
      ) &&
      (expected.status === 200 || /^Scalar value|^Ratio value/.test(expected.error ?? '')),
  },
  {
    since: 3.06,
    reason: 'rates of histograms have the type "histogram" (#16915)',
    explains: ({got, expected, difference}) => {
      const others = ({infos = []}: Answer): string =>
        infos
          .filter((text) => !text.includes('__type__ label is not set to'))
          // Repaired buckets are told in other words, too.
          .map((text) => text.replace(/\/#histogram_quantile\).*/, ''))
          .toSorted()
          .join('\n');
      return difference.startsWith('infos: ') && others(got) === others(expected);
    },
  },
];

/** Whether only remarks differ, and those not in what `normalize` leaves of them. */
function remarksDiffer(
  what: 'warnings' | 'infos',
  normalize: (text: string) => string | null,
): (found: Difference) => boolean {
  const plain = (each: Answer): string =>
    [...new Set((each[what] ?? []).map(normalize).filter((text) => text !== null))].toSorted().join('\n');
  return ({got, expected, difference}) =>
    difference.startsWith(`${what}: `) && plain(got) === plain(expected);
}
