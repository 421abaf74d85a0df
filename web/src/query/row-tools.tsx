// What can be done with a series: ask for just it, or take its selector along.
import {IconCopy, IconArrowUpRight} from '@tabler/icons-react';
import {createContext, use, type ReactNode} from 'react';
import {Link} from 'wouter';
import {copyText} from '../base/clipboard.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {showToast} from '../widgets/toast.tsx';
import {defaultPanel, type PanelState} from './panel.ts';
import {selectorOf, type LabelSet} from './series-name.ts';
import {encodePanels} from './url-state.ts';

/** The panels of the page, to which a series' own panel is added. */
export const PanelStates = createContext<readonly PanelState[]>([]);

/** The address of this page with one more panel, which draws `expr`. */
export function useAddressWith(expr: string): string {
  const states = use(PanelStates);
  const panel: PanelState = {...defaultPanel, expr, tab: 'graph'};
  return `/query?${encodePanels([...states, panel])}`;
}

// Plain elements: a table has hundreds of them.
export function RowTools({labels}: {labels: LabelSet}): ReactNode {
  const {t} = useMessages();
  const selector = selectorOf(labels);
  const address = useAddressWith(selector ?? '');
  if (selector === undefined) return null;
  const copy = (): void => {
    void copyText(selector).then((ok) => ok && showToast(`${t('common.copied')}: ${selector}`));
  };
  return (
    <>
      <Link
        className="nx-row-tool"
        href={address}
        title={t('table.querySeries')}
        aria-label={t('table.querySeries')}
      >
        <IconArrowUpRight size={15} />
      </Link>
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
}
