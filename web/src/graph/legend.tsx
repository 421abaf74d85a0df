// The series of a graph with their colours and a summary of their values. It can be sorted by any of them.
import {Button} from '@mantine/core';
import {IconArrowDown, IconArrowUp} from '@tabler/icons-react';
import {useMemo, useState, type MouseEvent, type ReactNode} from 'react';
import {formatValue, type Unit} from '../format/unit.ts';
import {useMessages} from '../i18n/use-messages.ts';
import type {PlainMessageKey} from '../i18n/messages.en.ts';
import {RowTools} from '../query/row-tools.tsx';
import {SeriesLabel} from '../query/series-label.tsx';
import type {LabelSet} from '../query/series-name.ts';
import type {ColumnSummary} from './columns.ts';

interface LegendProps {
  labels: readonly LabelSet[];
  common: LabelSet;
  colors: readonly string[];
  shown: readonly boolean[];
  summaries: readonly (ColumnSummary | null)[];
  unit: Unit;
  onToggle: (index: number, solo: boolean) => void;
  onShowAll: () => void;
  onFocus: (index: number | null) => void;
}

type Statistic = keyof ColumnSummary;

const statistics: readonly {name: Statistic; title: PlainMessageKey}[] = [
  {name: 'last', title: 'legend.last'},
  {name: 'min', title: 'legend.min'},
  {name: 'mean', title: 'legend.mean'},
  {name: 'max', title: 'legend.max'},
];

/** More rows are shown in portions: they cost more time than the lines. */
const rowsShown = 60;

/** null = in the server's order. */
type Order = {statistic: Statistic; descending: boolean} | null;

export function Legend(props: LegendProps): ReactNode {
  const {labels, common, shown, summaries, onShowAll} = props;
  const {t} = useMessages();
  const [order, setOrder] = useState<Order>(null);
  const [limit, setLimit] = useState(rowsShown);
  const indices = useMemo(() => orderedIndices(summaries, order), [summaries, order]);
  const someHidden = shown.includes(false);
  const hasCommon = Object.keys(common).length > 0;
  return (
    <div className="nx-legend" role="group" aria-label={t('legend.title')}>
      <div className="nx-legend-scroll" tabIndex={labels.length > 12 ? 0 : undefined}>
        <table className="nx-legend-table">
          <thead>
            <tr>
              <th className="nx-legend-head">
                {hasCommon ? (
                  <>
                    <span className="nx-muted">{t('legend.common')}: </span>
                    <SeriesLabel labels={common} />
                  </>
                ) : (
                  t('legend.series')
                )}
              </th>
              {statistics.map(({name, title}) => (
                <StatisticHead key={name} name={name} title={t(title)} order={order} onOrder={setOrder} />
              ))}
              <th />
            </tr>
          </thead>
          <tbody>
            {indices.slice(0, limit).map((index) => (
              <LegendRow key={JSON.stringify(labels[index])} {...props} index={index} />
            ))}
          </tbody>
        </table>
        {indices.length > limit ? (
          <div className="nx-more">
            <Button size="compact-xs" variant="default" onClick={() => setLimit(limit * 4)}>
              {t('table.showMore', {count: Math.min(indices.length - limit, limit * 3)})}
            </Button>
          </div>
        ) : null}
      </div>
      <div className="nx-legend-foot">
        <span>{t('legend.help')}</span>
        {someHidden ? (
          <Button size="compact-xs" variant="default" onClick={onShowAll}>
            {t('graph.showHidden')}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

interface StatisticHeadProps {
  name: Statistic;
  title: string;
  order: Order;
  onOrder: (order: Order) => void;
}

function StatisticHead({name, title, order, onOrder}: StatisticHeadProps): ReactNode {
  const active = order?.statistic === name;
  const next: Order = !active
    ? {statistic: name, descending: true}
    : order.descending
      ? {statistic: name, descending: false}
      : null;
  return (
    <th
      className="nx-legend-number"
      data-statistic={name}
      aria-sort={active ? (order.descending ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" className="nx-plain-button nx-sort" onClick={() => onOrder(next)}>
        {title}
        {active ? (
          order.descending ? (
            <IconArrowDown size={12} aria-hidden />
          ) : (
            <IconArrowUp size={12} aria-hidden />
          )
        ) : null}
      </button>
    </th>
  );
}

function LegendRow({
  index,
  labels,
  common,
  colors,
  shown,
  summaries,
  unit,
  onToggle,
  onFocus,
}: LegendProps & {index: number}): ReactNode {
  const summary = summaries[index] ?? null;
  const isShown = shown[index]!;
  const toggle = (event: MouseEvent): void =>
    onToggle(index, event.shiftKey || event.ctrlKey || event.metaKey);
  const focus = (): void => onFocus(isShown ? index : null);
  return (
    <tr data-hidden={!isShown || undefined} onMouseEnter={focus} onMouseLeave={() => onFocus(null)}>
      <td>
        <button
          type="button"
          className="nx-plain-button nx-legend-series"
          aria-pressed={isShown}
          onClick={toggle}
        >
          <span className="nx-swatch" style={{background: colors[index]}} />
          <SeriesLabel labels={labels[index]!} without={common} />
        </button>
      </td>
      {statistics.map(({name}) => (
        <td key={name} className="nx-legend-number" data-statistic={name}>
          {summary === null ? '–' : formatValue(summary[name], unit)}
        </td>
      ))}
      <td className="nx-legend-tools">
        <RowTools labels={labels[index]!} />
      </td>
    </tr>
  );
}

function orderedIndices(summaries: readonly (ColumnSummary | null)[], order: Order): number[] {
  const indices = summaries.map((_, index) => index);
  if (order === null) return indices;
  const sign = order.descending ? -1 : 1;
  const valueOf = (index: number): number => summaries[index]?.[order.statistic] ?? -Infinity;
  return indices.sort((a, b) => {
    const [first, second] = [valueOf(a), valueOf(b)];
    return first === second ? a - b : sign * (first - second);
  });
}
