// A card that opens and closes. Long lists begin closed, and show their beginning first when opened.
import {Button} from '@mantine/core';
import {IconChevronDown, IconChevronRight} from '@tabler/icons-react';
import {useState, type ReactNode} from 'react';
import {useMessages} from '../i18n/use-messages.ts';

interface FoldingCardProps<Item> {
  name: string;
  /** Behind the name. */
  head: ReactNode;
  items: readonly Item[];
  /** A card of more items begins closed, and shows so many when opened. */
  itemsOpen: number;
  /** What needs a look is open, however long. */
  urgent: boolean;
  children: (visible: readonly Item[]) => ReactNode;
  /** Below the list. */
  notes?: ReactNode;
}

export function FoldingCard<Item>(props: FoldingCardProps<Item>): ReactNode {
  const {name, head, items, itemsOpen, urgent, children, notes} = props;
  const {t} = useMessages();
  const [toggled, setToggled] = useState<boolean | null>(null);
  const [all, setAll] = useState(false);
  const open = toggled ?? (urgent || items.length <= itemsOpen);
  const visible = all ? items : items.slice(0, itemsOpen);
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <section className="nx-card nx-pool" aria-label={name}>
      <h2>
        <button
          type="button"
          className="nx-plain-button nx-pool-head"
          aria-expanded={open}
          onClick={() => setToggled(!open)}
        >
          <Chevron size={17} aria-hidden />
          <span className="nx-pool-name">{name}</span>
          {head}
        </button>
      </h2>
      {open ? (
        <>
          {children(visible)}
          {visible.length < items.length ? (
            <div className="nx-more">
              <Button size="xs" variant="default" onClick={() => setAll(true)}>
                {t('common.showAll', {count: items.length})}
              </Button>
            </div>
          ) : null}
          {notes}
        </>
      ) : null}
    </section>
  );
}
