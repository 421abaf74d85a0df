// What can be done with a series: ask for just it, or take its selector along.
import {IconArrowUpRight, IconCopy} from '@tabler/icons-react';
import {createContext, memo, use, type MouseEvent, type ReactNode} from 'react';
import {navigate} from 'wouter/use-browser-location';
import {copyText} from '../base/clipboard.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {showToast} from '../widgets/toast.tsx';
import {selectorOf, type LabelSet} from './series-name.ts';

/** Makes the address of the query page with one more panel, which draws the given expression. */
export const AddressWithPanel = createContext<(expr: string) => string>(() => '');

// Plain elements and few hooks: a table has hundreds of these.
export const RowTools = memo(function RowTools({labels}: {labels: LabelSet}): ReactNode {
  const {t} = useMessages();
  const addressWith = use(AddressWithPanel);
  const selector = selectorOf(labels);
  if (selector === undefined) return null;
  const address = addressWith(selector);
  const open = (event: MouseEvent): void => {
    // With a key it opens in a tab of its own, as any link.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(address);
  };
  const copy = (): void => {
    void copyText(selector).then((ok) => ok && showToast(`${t('common.copied')}: ${selector}`));
  };
  return (
    <>
      <a
        className="nx-row-tool"
        href={address}
        title={t('table.querySeries')}
        aria-label={t('table.querySeries')}
        onClick={open}
      >
        <IconArrowUpRight size={15} />
      </a>
      <button
        type="button"
        className="nx-row-tool"
        title={t('table.copySeries')}
        aria-label={t('table.copySeries')}
        onClick={copy}
      >
        <IconCopy size={15} />
      </button>
    </>
  );
});
