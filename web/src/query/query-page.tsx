import './query-page.css';
import {Button, NativeSelect, Tooltip} from '@mantine/core';
import {IconPlus} from '@tabler/icons-react';
import {useEffect, useMemo, useRef, useState, type ReactNode} from 'react';
import {formatDuration} from '../../../src/model/duration.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {PageTools} from '../widgets/page-tools.tsx';
import {QueryPanel} from './query-panel.tsx';
import {AddressWithPanel} from './row-tools.tsx';
import {encodePanels} from './url-state.ts';
import {basePath} from '../api/client.ts';
import {defaultPanel, type PanelState} from './panel.ts';
import {refreshIntervals, type RefreshInterval} from './settings.ts';
import {StartPage} from './start-page.tsx';
import {usePanels} from './use-panels.ts';

export function QueryPage(): ReactNode {
  const {t} = useMessages();
  const panels = usePanels();
  const [refresh, setRefresh] = useState<RefreshInterval>('0');
  const {entries} = panels;
  const first = entries[0];
  const addressWith = useMemo(() => addressMaker(entries.map(({state}) => state)), [entries]);
  const list = useScrollToLast(entries.length);
  const untouched = entries.length === 1 && first?.state.expr === '';
  const refreshChoice = <RefreshChoice value={refresh} onChange={setRefresh} />;
  return (
    <>
      <h1 className="nx-sr-only">{t('query.title')}</h1>
      <PageTools>{refreshChoice}</PageTools>
      <AddressWithPanel value={addressWith}>
        <div className="nx-panels" ref={list}>
          {entries.map(({id, state}, index) => (
            <QueryPanel
              key={id}
              number={index + 1}
              state={state}
              removable={entries.length > 1}
              refreshMs={Number(refresh)}
              onChange={(change) => panels.update(id, change)}
              onDuplicate={() => panels.duplicate(id)}
              onRemove={() => panels.remove(id)}
            />
          ))}
        </div>
      </AddressWithPanel>
      {untouched ? (
        <StartPage onPick={(change) => panels.update(first.id, change)} />
      ) : (
        <div className="nx-page-foot">
          <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => panels.add()}>
            {t('query.addPanel')}
          </Button>
          <div className="nx-narrow-only">{refreshChoice}</div>
        </div>
      )}
    </>
  );
}

function RefreshChoice({
  value,
  onChange,
}: {
  value: RefreshInterval;
  onChange: (value: RefreshInterval) => void;
}): ReactNode {
  const {t} = useMessages();
  return (
    <label className="nx-inline-field">
      <Tooltip label={t('query.refreshHelp')}>
        <span>{t('query.refresh')}</span>
      </Tooltip>
      <NativeSelect
        size="xs"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value as RefreshInterval)}
        data={refreshIntervals.map((interval) => ({
          value: interval,
          label: interval === '0' ? t('query.refresh.off') : formatDuration(Number(interval)),
        }))}
      />
    </label>
  );
}

/** The other panels' part of the address is the same for every series: it is written once. */
function addressMaker(states: readonly PanelState[]): (expr: string) => string {
  const before = `${basePath}/query?${encodePanels(states)}`;
  return (expr) => `${before}&${encodePanels([{...defaultPanel, expr, tab: 'graph'}], states.length)}`;
}

/** Shows the last of the list's elements when there are more of them than before. */
function useScrollToLast(count: number) {
  const list = useRef<HTMLDivElement>(null);
  const before = useRef(count);
  useEffect(() => {
    if (count > before.current)
      list.current?.lastElementChild?.scrollIntoView({behavior: 'smooth', block: 'nearest'});
    before.current = count;
  }, [count]);
  return list;
}
