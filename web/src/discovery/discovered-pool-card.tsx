// What was discovered for one scrape pool.
import {Button} from '@mantine/core';
import {IconRoute} from '@tabler/icons-react';
import {memo, useState, type ReactNode} from 'react';
import type {LabelSet} from '../api/types.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {FoldingCard} from '../widgets/folding-card.tsx';
import {LabelBadges} from '../widgets/label-badges.tsx';
import {type DiscoveredPool, type DiscoveredTarget, tellingFirst} from './discovered-target.ts';
import {RelabelStepList} from './relabel-step-list.tsx';

/** Larger pools begin closed, and show this many targets when opened. */
const targetsOpen = 30;
/** Of a target that has more, this many labels are shown first. */
const labelsOpen = 8;

interface DiscoveredPoolCardProps {
  pool: DiscoveredPool;
  /** The only pool on the page is open, however large. */
  alone: boolean;
  showAllLabels: boolean;
}

export function DiscoveredPoolCard({pool, alone, showAllLabels}: DiscoveredPoolCardProps): ReactNode {
  const {t} = useMessages();
  const {name, active, dropped, targets} = pool;
  const droppedKept = targets.filter(({labels}) => labels === null).length;
  return (
    <FoldingCard
      name={name}
      head={
        <span className="nx-health" data-health={active > 0 ? 'up' : 'unknown'}>
          {t('discovery.poolCounts', {active, total: active + dropped})}
        </span>
      }
      items={targets}
      itemsOpen={targetsOpen}
      urgent={alone}
      notes={
        <>
          {droppedKept > 0 && droppedKept < dropped ? (
            <p className="nx-discovered-note">{t('discovery.notKept', {count: dropped - droppedKept})}</p>
          ) : null}
          {targets.length === 0 ? (
            <p className="nx-discovered-note">{t('discovery.allDropped', {count: dropped})}</p>
          ) : null}
        </>
      }
    >
      {(visible) => (
        <ul className="nx-discovered-list">
          {visible.map((target) => (
            <DiscoveredItem
              key={JSON.stringify(target.discoveredLabels)}
              target={target}
              showAllLabels={showAllLabels}
            />
          ))}
        </ul>
      )}
    </FoldingCard>
  );
}

interface DiscoveredItemProps {
  target: DiscoveredTarget;
  showAllLabels: boolean;
}

const DiscoveredItem = memo(
  function DiscoveredItem({target, showAllLabels}: DiscoveredItemProps): ReactNode {
    const {t} = useMessages();
    const [steps, setSteps] = useState(false);
    const {discoveredLabels, labels, scrapePool} = target;
    return (
      <li className="nx-discovered-item" data-dropped={labels === null || undefined}>
        <div className="nx-discovered-part">
          <div className="nx-discovered-title">{t('targets.discovered')}</div>
          <SomeLabels labels={discoveredLabels} showAll={showAllLabels} />
        </div>
        <div className="nx-discovered-part">
          <div className="nx-discovered-title">{t('discovery.targetLabels')}</div>
          {labels === null ? (
            <span className="nx-health" data-health="unknown">
              {t('discovery.droppedHere')}
            </span>
          ) : (
            <div className="nx-labels">
              <LabelBadges labels={labels} />
            </div>
          )}
        </div>
        <div className="nx-discovered-tools">
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconRoute size={14} aria-hidden />}
            aria-expanded={steps}
            onClick={() => setSteps(!steps)}
          >
            {t('discovery.steps')}
          </Button>
        </div>
        {steps ? <RelabelStepList scrapePool={scrapePool} labels={discoveredLabels} /> : null}
      </li>
    );
  },
  (a, b) =>
    a.showAllLabels === b.showAllLabels &&
    (a.target === b.target || JSON.stringify(a.target) === JSON.stringify(b.target)),
);

function SomeLabels({labels, showAll}: {labels: LabelSet; showAll: boolean}): ReactNode {
  const {t} = useMessages();
  const [opened, setOpened] = useState(false);
  const entries = Object.entries(tellingFirst(labels));
  const all = opened || showAll || entries.length <= labelsOpen + 1;
  const shown = all ? entries : entries.slice(0, labelsOpen);
  return (
    <div className="nx-labels">
      <LabelBadges labels={Object.fromEntries(shown)} />
      {all ? null : (
        <button type="button" className="nx-plain-button nx-link" onClick={() => setOpened(true)}>
          {t('discovery.moreLabels', {count: entries.length - shown.length})}
        </button>
      )}
    </div>
  );
}
