// The targets of one scrape pool.
import {Collapse} from '@mantine/core';
import {IconExternalLink} from '@tabler/icons-react';
import {memo, useState, type ReactNode} from 'react';
import type {Target} from '../api/types.ts';
import {parseDuration} from '../../../src/model/duration.ts';
import {formatSpan} from '../format/span.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {Age} from '../widgets/age.tsx';
import {FoldingCard} from '../widgets/folding-card.tsx';
import {LabelBadges} from '../widgets/label-badges.tsx';
import {targetKey, type TargetPool} from './target-filter.ts';

/** Larger pools begin closed, and show this many targets when opened. */
const targetsOpen = 50;

interface PoolCardProps {
  pool: TargetPool;
  /** The only pool on the page is open, however large. */
  alone: boolean;
}

export function PoolCard({pool, alone}: PoolCardProps): ReactNode {
  const {t} = useMessages();
  const {name, counts, targets} = pool;
  const sick = counts.down > 0;
  const total = counts.up + counts.down + counts.unknown;
  return (
    <FoldingCard
      name={name}
      head={
        <span className="nx-health" data-health={sick ? 'down' : counts.unknown > 0 ? 'unknown' : 'up'}>
          {t('targets.poolCounts', {up: counts.up, total})}
        </span>
      }
      items={targets}
      itemsOpen={targetsOpen}
      urgent={alone || sick}
    >
      {(visible) => <TargetTable targets={visible} />}
    </FoldingCard>
  );
}

function TargetTable({targets}: {targets: readonly Target[]}): ReactNode {
  const {t} = useMessages();
  return (
    <table className="nx-targets">
      <thead>
        <tr>
          <th style={{width: '28%'}}>{t('targets.endpoint')}</th>
          <th style={{width: 96}}>{t('targets.health')}</th>
          <th>{t('targets.labels')}</th>
          <th style={{width: 150}}>{t('targets.lastScrape')}</th>
          <th style={{width: 100}} className="nx-right">
            {t('targets.duration')}
          </th>
          <th style={{width: 90}} className="nx-right">
            {t('targets.interval')}
          </th>
        </tr>
      </thead>
      <tbody>
        {targets.map((target) => (
          <TargetRow key={targetKey(target)} target={target} />
        ))}
      </tbody>
    </table>
  );
}

const TargetRow = memo(
  function TargetRow({target}: {target: Target}): ReactNode {
    const {t} = useMessages();
    return (
      <>
        <tr
          className="nx-target"
          data-health={target.health}
          data-error={target.lastError !== '' || undefined}
        >
          <td data-title={t('targets.endpoint')}>
            <Endpoint target={target} />
          </td>
          <td data-title={t('targets.health')}>
            <span className="nx-health" data-health={target.health}>
              {t(`targets.${target.health}`)}
            </span>
          </td>
          <td data-title={t('targets.labels')}>
            <TargetLabels target={target} />
          </td>
          <td data-title={t('targets.lastScrape')} className="nx-number">
            <LastScrape target={target} />
          </td>
          <td data-title={t('targets.duration')} className="nx-number nx-right">
            <ScrapeDuration target={target} />
          </td>
          <td data-title={t('targets.interval')} className="nx-number nx-right">
            <span title={t('targets.timeout', {span: target.scrapeTimeout})}>{target.scrapeInterval}</span>
          </td>
        </tr>
        {target.lastError === '' ? null : (
          <tr className="nx-target-error">
            <td colSpan={6}>
              <div role="note" aria-label={t('targets.error')}>
                {target.lastError}
              </div>
            </td>
          </tr>
        )}
      </>
    );
  },
  (before, after) => JSON.stringify(before.target) === JSON.stringify(after.target),
);

function Endpoint({target}: {target: Target}): ReactNode {
  // globalUrl is the address as seen from elsewhere: it has the host's name in place of localhost.
  const address = target.globalUrl ?? target.scrapeUrl;
  const safe = /^https?:/.test(address);
  const icon = <IconExternalLink size={13} aria-hidden />;
  if (!safe) return <span className="nx-endpoint">{target.scrapeUrl}</span>;
  return (
    <a className="nx-link nx-endpoint" href={address} target="_blank" rel="noreferrer">
      {target.scrapeUrl} {icon}
    </a>
  );
}

function TargetLabels({target}: {target: Target}): ReactNode {
  const {t} = useMessages();
  const [open, setOpen] = useState(false);
  return (
    <>
      <div className="nx-labels">
        <LabelBadges labels={target.labels} />
        <button
          type="button"
          className="nx-discover"
          aria-expanded={open}
          title={t(open ? 'targets.hideDiscovered' : 'targets.showDiscovered')}
          aria-label={t(open ? 'targets.hideDiscovered' : 'targets.showDiscovered')}
          onClick={() => setOpen(!open)}
        >
          {open ? '−' : '+'}
        </button>
      </div>
      <Collapse expanded={open}>
        <div className="nx-discovered-title">{t('targets.discovered')}</div>
        <div className="nx-labels nx-labels-discovered">
          {open ? <LabelBadges labels={target.discoveredLabels} /> : null}
        </div>
      </Collapse>
    </>
  );
}

function LastScrape({target}: {target: Target}): ReactNode {
  const {t} = useMessages();
  const timeMs = Date.parse(target.lastScrape);
  // Year 1 is how Go writes "no time".
  if (!(timeMs > 0)) return <span className="nx-muted">{t('targets.notScraped')}</span>;
  return <Age timeMs={timeMs} />;
}

/** From this share of the timeout on, a scrape is slow enough to look after. */
const slowShare = 0.7;

function ScrapeDuration({target}: {target: Target}): ReactNode {
  const {span} = useMessages();
  const durationMs = target.lastScrapeDuration * 1000;
  const slow = durationMs > slowShare * timeoutMsOf(target);
  return <span className={slow ? 'nx-slow' : undefined}>{formatSpan(durationMs, span)}</span>;
}

function timeoutMsOf(target: Target): number {
  try {
    return parseDuration(target.scrapeTimeout);
  } catch {
    return Infinity;
  }
}
