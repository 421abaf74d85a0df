import type {ReadGuard} from './querier.ts';

/** How many comparisons are made between two looks at whether to go on: less than ten milliseconds, even with long texts. */
const comparisonsUnchecked = 4096;

/** The same order, for sorting what may be long: looks now and then whether to go on, and ends the sort by throwing. */
export function guarded<T>(
  compare: (left: T, right: T) => number,
  guard: Pick<ReadGuard, 'check'>,
): (left: T, right: T) => number {
  let comparisons = 0;
  return (left, right) => {
    if (++comparisons % comparisonsUnchecked === 0) guard.check();
    return compare(left, right);
  };
}
