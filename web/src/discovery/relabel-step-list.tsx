// How relabelling came to its result: each rule, and what it changed.
import type {ReactNode} from 'react';
import {useRelabelSteps} from '../api/queries.ts';
import type {LabelSet} from '../api/types.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {type LabelChange, ruleLines, type ShownStep, shownStepsOf} from './relabel-steps.ts';

interface RelabelStepListProps {
  scrapePool: string;
  /** As discovered. */
  labels: LabelSet;
}

export function RelabelStepList({scrapePool, labels}: RelabelStepListProps): ReactNode {
  const {t} = useMessages();
  const {data, error, refetch} = useRelabelSteps(scrapePool, labels);
  if (error !== null) return <ErrorAlert error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <EmptyState title={t('common.loading')} />;
  if (data.length === 0) return <p className="nx-steps-none">{t('discovery.noRules')}</p>;
  return (
    <ol className="nx-steps" aria-label={t('discovery.steps')}>
      {shownStepsOf(labels, data).map((step, index) => (
        // Rules have no names but their places.
        // oxlint-disable-next-line react/no-array-index-key
        <Step key={index} step={step} />
      ))}
    </ol>
  );
}

function Step({step: {rule, keep, changes}}: {step: ShownStep}): ReactNode {
  const {t} = useMessages();
  return (
    <li className="nx-step" data-dropped={!keep || undefined}>
      <pre className="nx-step-rule">{ruleLines(rule).join('\n')}</pre>
      <div className="nx-step-result">
        {keep ? null : <strong>{t('discovery.stepDrops')}</strong>}
        {keep && changes.length === 0 ? <span className="nx-muted">{t('discovery.stepNothing')}</span> : null}
        {changes.map((change) => (
          <Change key={change.name} change={change} />
        ))}
      </div>
    </li>
  );
}

function Change({change: {name, before, after}}: {change: LabelChange}): ReactNode {
  return (
    <div className="nx-change">
      <span className="nx-series-name">{name}</span>
      {before === undefined ? null : <del>{JSON.stringify(before)}</del>}
      {after === undefined ? null : <ins>{JSON.stringify(after)}</ins>}
    </div>
  );
}
