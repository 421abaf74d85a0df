import {Fragment, type ReactNode} from 'react';
import type {ApiBucket, ApiHistogram} from '../api/types.ts';
import {useMessages} from '../i18n/use-messages.ts';

/** A native histogram: its count and sum, and its buckets as bars. */
export function HistogramView({histogram}: {histogram: ApiHistogram}): ReactNode {
  const {t} = useMessages();
  const {count, sum, buckets = []} = histogram;
  const countMax = Math.max(...buckets.map(([, , , bucketCount]) => Number(bucketCount)));
  return (
    <>
      {t('table.histogram', {count, sum})}
      <div>
        <div className="nx-histogram" role="img" aria-label={buckets.map(describe).join('; ')}>
          {buckets.map((bucket) => (
            <Fragment key={bucket[2]}>
              <span>{boundsOf(bucket)}</span>
              <span
                className="nx-histogram-bar"
                style={{width: `${(100 * Number(bucket[3])) / countMax}%`}}
              />
              <span>{bucket[3]}</span>
            </Fragment>
          ))}
        </div>
      </div>
    </>
  );
}

/** `(1, 2]`; the rule says which end belongs to the bucket. */
function boundsOf([rule, lower, upper]: ApiBucket): string {
  const opening = rule === 1 || rule === 3 ? '[' : '(';
  const closing = rule === 0 || rule === 3 ? ']' : ')';
  return `${opening}${lower}, ${upper}${closing}`;
}

function describe(bucket: ApiBucket): string {
  return `${boundsOf(bucket)}: ${bucket[3]}`;
}
