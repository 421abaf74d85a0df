// The tree of a query: each node with its share of the time, its series, points and samples.
import {IconChevronDown, IconChevronRight} from '@tabler/icons-react';
import {use, useMemo, useState, type MouseEvent, type ReactNode} from 'react';
import {navigate} from 'wouter/use-browser-location';
import type {ExplainData} from '../api/types.ts';
import {formatSpan} from '../format/span.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {rowsOf, withoutLiterals, type ExplainRow} from './explain-rows.ts';
import {AddressWithPanel} from './row-tools.tsx';
import './explain.css';

/** Where so much of the time goes in one node, it is pointed out. */
const hotShareMin = 0.3;

export function ExplainTree({explain}: {explain: ExplainData}): ReactNode {
  const {t} = useMessages();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const root = useMemo(() => withoutLiterals(explain.root), [explain]);
  const rows = useMemo(() => rowsOf(root, closed), [root, closed]);
  const hottest = useMemo(() => hottestOf(rowsOf(root, new Set())), [root]);
  const toggle = (path: string): void => {
    const next = new Set(closed);
    if (!next.delete(path)) next.add(path);
    setClosed(next);
  };
  return (
    <div className="nx-scroll">
      <table className="nx-table nx-explain">
        <thead>
          <tr>
            <th>{t('explain.node')}</th>
            <th>{t('explain.time')}</th>
            <th className="nx-value-cell" title={t('explain.seriesHelp')}>
              {t('explain.series')}
            </th>
            <th className="nx-value-cell" title={t('explain.pointsHelp')}>
              {t('explain.points')}
            </th>
            <th className="nx-value-cell" title={t('explain.samplesHelp')}>
              {t('explain.samples')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={row.path}
              row={row}
              hot={row.path === hottest}
              open={!closed.has(row.path)}
              onToggle={() => toggle(row.path)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The node that most of the time was spent in; '' = none stands out. */
function hottestOf(rows: readonly ExplainRow[]): string {
  let hottest = '';
  let most = hotShareMin;
  for (const {path, selfShare} of rows) {
    if (selfShare < most || rows.length === 1) continue;
    most = selfShare;
    hottest = path;
  }
  return hottest;
}

interface RowProps {
  row: ExplainRow;
  hot: boolean;
  open: boolean;
  onToggle: () => void;
}

function Row({row, hot, open, onToggle}: RowProps): ReactNode {
  const {t, language} = useMessages();
  const {node} = row;
  const count = (value: number): string => value.toLocaleString(language);
  return (
    <tr data-hot={hot || undefined} data-empty={node.series === 0 || undefined}>
      <td className="nx-explain-node">
        <div>
          {row.lines.map((goesOn, level) => (
            <span
              // Levels have no other name.
              key={level}
              className="nx-explain-line"
              data-on={goesOn || undefined}
              data-own={level === row.lines.length - 1 || undefined}
            />
          ))}
          {node.children.length === 0 ? (
            <span className="nx-explain-leaf" aria-hidden />
          ) : (
            <button
              type="button"
              className="nx-explain-toggle"
              aria-expanded={open}
              aria-label={t(open ? 'explain.close' : 'explain.open', {expr: node.expr})}
              onClick={onToggle}
            >
              {open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
            </button>
          )}
          <NodeLink row={row} />
          {node.repeated ? (
            <small className="nx-explain-note" title={t('explain.repeatedHelp')}>
              {t('explain.repeated')}
            </small>
          ) : null}
        </div>
      </td>
      <td>
        <Time row={row} hot={hot} />
      </td>
      <td className="nx-value-cell">{count(node.series)}</td>
      <td className="nx-value-cell">{count(node.points)}</td>
      <td className="nx-value-cell">{node.samples === 0 ? '–' : count(node.samples)}</td>
    </tr>
  );
}

/** Opens the part of the expression in a panel of its own. */
function NodeLink({row: {node, parts}}: {row: ExplainRow}): ReactNode {
  const {t} = useMessages();
  const address = use(AddressWithPanel)(node.expr);
  const open = (event: MouseEvent): void => {
    // With a key it opens in a tab of its own, as any link.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(address);
  };
  const leaf = node.kind === 'vectorSelector' || node.kind === 'matrixSelector';
  return (
    <a
      className="nx-explain-expr"
      data-leaf={leaf || undefined}
      href={address}
      title={`${t('explain.query')}\n${node.expr}`}
      onClick={open}
    >
      {parts.map((part, index) =>
        part === null ? (
          // The children stand in the rows below, in this order.
          <i key={index}>…</i>
        ) : (
          <span key={index}>{part}</span>
        ),
      )}
    </a>
  );
}

function Time({row, hot}: {row: ExplainRow; hot: boolean}): ReactNode {
  const {t, span, language} = useMessages();
  const percent = (share: number): string =>
    share.toLocaleString(language, {style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0});
  const total = formatSpan(row.node.seconds * 1000, span);
  const own = formatSpan(row.selfSeconds * 1000, span);
  const help = t('explain.timeHelp', {
    total,
    share: percent(row.share),
    own,
    ownShare: percent(row.selfShare),
  });
  return (
    <div className="nx-explain-time" title={help}>
      <span className="nx-explain-bar" aria-hidden>
        <span style={{width: `${100 * row.share}%`}} />
        <b style={{width: `${100 * row.selfShare}%`}} />
      </span>
      <span className="nx-number">{total}</span>
      <span className="nx-explain-share" data-hot={hot || undefined}>
        {percent(row.selfShare)}
      </span>
    </div>
  );
}
