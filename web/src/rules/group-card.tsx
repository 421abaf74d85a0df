// A group of rules that opens and closes. Long ones show their beginning first.
import type {ReactNode} from 'react';
import type {Rule} from '../api/types.ts';
import {formatSpan} from '../format/span.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {FoldingCard} from '../widgets/folding-card.tsx';
import {LastEvaluation} from './parts.tsx';
import type {ShownGroup} from './rule-filter.ts';

/** Larger groups begin closed, and show this many rules when opened. */
const rulesOpen = 40;

interface GroupCardProps {
  shown: ShownGroup;
  /** What needs a look is open, however long. */
  urgent: boolean;
  badge: ReactNode;
  children: (rule: Rule, index: number) => ReactNode;
}

export function GroupCard({shown: {group, rules}, urgent, badge, children}: GroupCardProps): ReactNode {
  const {t, span} = useMessages();
  return (
    <FoldingCard
      name={group.name}
      head={
        <>
          {badge}
          <span className="nx-group-file">{group.file}</span>
          <span className="nx-group-facts nx-number">
            {t('rules.interval', {span: formatSpan(group.interval * 1000, span)})} ·{' '}
            <LastEvaluation rule={group} />
          </span>
        </>
      }
      items={rules}
      itemsOpen={rulesOpen}
      urgent={urgent}
    >
      {(visible) => <ul className="nx-rules">{visible.map(children)}</ul>}
    </FoldingCard>
  );
}
