// A group of rules that opens and closes. Long ones show their beginning first.
import {Button} from '@mantine/core';
import {IconChevronDown, IconChevronRight} from '@tabler/icons-react';
import {useState, type ReactNode} from 'react';
import type {Rule} from '../api/types.ts';
import {formatSpan} from '../format/span.ts';
import {useMessages} from '../i18n/use-messages.ts';
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
  const [toggled, setToggled] = useState<boolean | null>(null);
  const [all, setAll] = useState(false);
  const open = toggled ?? (urgent || rules.length <= rulesOpen);
  const visible = all ? rules : rules.slice(0, rulesOpen);
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <section className="nx-card nx-pool" aria-label={group.name}>
      <h2>
        <button
          type="button"
          className="nx-plain-button nx-pool-head"
          aria-expanded={open}
          onClick={() => setToggled(!open)}
        >
          <Chevron size={17} aria-hidden />
          <span className="nx-pool-name">{group.name}</span>
          {badge}
          <span className="nx-group-file">{group.file}</span>
          <span className="nx-group-facts nx-number">
            {t('rules.interval', {span: formatSpan(group.interval * 1000, span)})} ·{' '}
            <LastEvaluation rule={group} />
          </span>
        </button>
      </h2>
      {open ? (
        <>
          <ul className="nx-rules">{visible.map(children)}</ul>
          {visible.length < rules.length ? (
            <div className="nx-more">
              <Button size="xs" variant="default" onClick={() => setAll(true)}>
                {t('rules.showAll', {count: rules.length})}
              </Button>
            </div>
          ) : null}
        </>
      ) : null}
    </section>
  );
}
