// A series as PromQL writes it, coloured.
import {memo, type ReactNode} from 'react';
import {useMessages} from '../i18n/use-messages.ts';
import {formatMatcher, formatSeries, matchersOf, quote, type LabelSet} from './series-name.ts';

interface SeriesLabelProps {
  labels: LabelSet;
  /** Labels to leave out, for lists where all series have them. */
  without?: LabelSet;
  /** Whether a click on a label copies its matcher, which the table around it sees to. */
  copyable?: boolean;
}

export const SeriesLabel = memo(function SeriesLabel({
  labels,
  without,
  copyable = false,
}: SeriesLabelProps): ReactNode {
  const {t} = useMessages();
  const own = without === undefined ? labels : ownLabels(labels, without);
  const metric = own['__name__'] ?? '';
  const matchers = matchersOf(own);
  if (metric === '' && matchers.length === 0) {
    return (
      <span className="nx-series">
        {Object.keys(labels).length === 0 ? t('table.noName') : formatSeries(labels)}
      </span>
    );
  }
  return (
    <span className="nx-series">
      {metric === '' ? null : <span className="nx-series-metric">{metric}</span>}
      {matchers.length === 0 ? null : (
        <>
          {'{'}
          {matchers.map(([name, value], index) => (
            <span
              key={name}
              className="nx-series-matcher"
              data-matcher={formatMatcher(name, value)}
              title={copyable ? t('table.copyMatcher', {matcher: formatMatcher(name, value)}) : undefined}
            >
              <span className="nx-series-name">{name}</span>=
              <span className="nx-series-value">{quote(value)}</span>
              {index < matchers.length - 1 ? ', ' : ''}
            </span>
          ))}
          {'}'}
        </>
      )}
    </span>
  );
});

function ownLabels(labels: LabelSet, without: LabelSet): LabelSet {
  const own = Object.entries(labels).filter(([name]) => !(name in without));
  return own.length === 0 ? labels : Object.fromEntries(own);
}
