// What the pages of rules and of alerts both show of a rule.
import {IconExternalLink} from '@tabler/icons-react';
import type {ReactNode} from 'react';
import {Link} from 'wouter';
import type {AlertState, LabelSet, Rule} from '../api/types.ts';
import {formatSpan} from '../format/span.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {Age} from '../widgets/age.tsx';
import {queryAddress} from './rule-filter.ts';

const healthOfState = {firing: 'down', pending: 'unknown', inactive: 'up'} as const;

export function StateBadge({state, count}: {state: AlertState; count?: number}): ReactNode {
  const {t} = useMessages();
  return (
    <span className="nx-health" data-health={healthOfState[state]}>
      {t(`rules.${state}`)}
      {count === undefined || count === 0 ? '' : ` (${count})`}
    </span>
  );
}

/** The expression, which leads to the query page. */
export function ExprLink({expr}: {expr: string}): ReactNode {
  const {t} = useMessages();
  return (
    <Link className="nx-rule-expr" href={queryAddress(expr)} title={t('rules.openQuery')}>
      <code>{expr}</code> <IconExternalLink size={13} aria-hidden />
    </Link>
  );
}

export function LastEvaluation({rule}: {rule: Pick<Rule, 'lastEvaluation' | 'evaluationTime'>}): ReactNode {
  const {t, span} = useMessages();
  const timeMs = Date.parse(rule.lastEvaluation);
  // Year 1 is how Go writes "no time".
  if (!(timeMs > 0)) return <span className="nx-muted">{t('rules.notEvaluated')}</span>;
  return (
    <>
      <Age timeMs={timeMs} /> · {formatSpan(rule.evaluationTime * 1000, span)}
    </>
  );
}

export function RuleError({text}: {text: string | undefined}): ReactNode {
  const {t} = useMessages();
  if (text === undefined || text === '') return null;
  return (
    <div className="nx-rule-error" role="note" aria-label={t('rules.error')}>
      {text}
    </div>
  );
}

const address = /^https?:\/\/\S+$/;

/** Annotations, addresses as links. */
export function Annotations({annotations}: {annotations: LabelSet}): ReactNode {
  const entries = Object.entries(annotations);
  if (entries.length === 0) return null;
  return (
    <dl className="nx-annotations">
      {entries.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {address.test(text) ? (
              <a className="nx-link" href={text} target="_blank" rel="noreferrer">
                {text}
              </a>
            ) : (
              text
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
