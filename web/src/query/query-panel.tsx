// One panel: the expression, and its result as a table or a graph.
import {ActionIcon, Menu, SegmentedControl} from '@mantine/core';
import {
  IconBinaryTree,
  IconChartLine,
  IconCopy,
  IconDots,
  IconLink,
  IconTable,
  IconTrash,
  type Icon,
} from '@tabler/icons-react';
import {useState, type ReactNode} from 'react';
import {basePath} from '../api/client.ts';
import {usePreference} from '../base/preference.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {copyText} from '../base/clipboard.ts';
import {ExplainTab} from './explain-tab.tsx';
import {ExpressionInput} from './expression-input.tsx';
import {GraphTab} from './graph-tab.tsx';
import {history, remember} from './history.ts';
import type {PanelState, PanelTab} from './panel.ts';
import {TableTab} from './table-tab.tsx';
import {encodePanels} from './url-state.ts';
import {useCancellation} from './use-cancellation.ts';

export interface QueryPanelProps {
  number: number;
  state: PanelState;
  removable: boolean;
  /** 0 = only when asked to. */
  refreshMs: number;
  onChange: (change: Partial<PanelState>) => void;
  onDuplicate: () => void;
  onRemove: () => void;
}

/** What the tabs get. `run` counts up with each run, so that the same expression is asked again. */
export interface ResultProps {
  panel: number;
  state: PanelState;
  run: number;
  refreshMs: number;
  onChange: (change: Partial<PanelState>) => void;
  /** Room in the panel's bar for the tab's own controls. */
  tabs: ReactNode;
}

let lastPanel = 0;

export function QueryPanel(props: QueryPanelProps): ReactNode {
  const {number, state, onChange, refreshMs} = props;
  const {t} = useMessages();
  // Identifies this panel's requests, whatever its place on the page.
  const [panel] = useState(() => ++lastPanel);
  const [run, setRun] = useState(0);
  const [entries, setEntries] = usePreference(history);
  const {running, cancel} = useCancellation(panel);

  const runExpr = (expr: string): void => {
    setEntries(remember(entries, expr));
    setRun(run + 1);
    if (expr !== state.expr) onChange({expr});
  };
  const result: ResultProps = {
    panel,
    state,
    run,
    refreshMs,
    onChange,
    tabs: <PanelTabs tab={state.tab} onChange={(tab) => onChange({tab})} />,
  };
  return (
    <section className="nx-card" aria-label={t('query.panelNumber', {number})}>
      <ExpressionInput expr={state.expr} running={running} onRun={runExpr} onCancel={cancel}>
        <PanelMenu {...props} />
      </ExpressionInput>
      {state.tab === 'graph' ? <GraphTab {...result} /> : null}
      {state.tab === 'table' ? <TableTab {...result} /> : null}
      {state.tab === 'explain' ? <ExplainTab {...result} /> : null}
    </section>
  );
}

function PanelTabs({tab, onChange}: {tab: PanelTab; onChange: (tab: PanelTab) => void}): ReactNode {
  const {t} = useMessages();
  return (
    <SegmentedControl
      size="sm"
      aria-label={t('query.view')}
      value={tab}
      onChange={(value) => onChange(value as PanelTab)}
      data={[
        {value: 'table', label: <TabTitle icon={IconTable} title={t('query.table')} />},
        {value: 'graph', label: <TabTitle icon={IconChartLine} title={t('query.graph')} />},
        {value: 'explain', label: <TabTitle icon={IconBinaryTree} title={t('query.explain')} />},
      ]}
    />
  );
}

function TabTitle({icon: TabIcon, title}: {icon: Icon; title: string}): ReactNode {
  return (
    <span className="nx-view-choice">
      <TabIcon size={16} aria-hidden />
      {title}
    </span>
  );
}

function PanelMenu({state, removable, onDuplicate, onRemove}: QueryPanelProps): ReactNode {
  const {t} = useMessages();
  const link = `${location.origin}${basePath}/query?${encodePanels([state])}`;
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon size={38} aria-label={t('query.panelMenu')}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={onDuplicate}>
          {t('query.duplicatePanel')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLink size={16} aria-hidden />} onClick={() => void copyText(link)}>
          {t('query.copyLink')}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconCopy size={16} aria-hidden />}
          disabled={state.expr === ''}
          onClick={() => void copyText(state.expr)}
        >
          {t('query.copyExpr')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          color="red"
          disabled={!removable}
          leftSection={<IconTrash size={16} aria-hidden />}
          onClick={onRemove}
        >
          {t('query.removePanel')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
