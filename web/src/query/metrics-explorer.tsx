// All metrics with their types and descriptions, to search in and to insert from.
import './lists.css';
import {Modal, TextInput} from '@mantine/core';
import {useMediaQuery} from '@mantine/hooks';
import {IconSearch} from '@tabler/icons-react';
import {
  useDeferredValue,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
} from 'react';
import {useMetadata, useMetricNames} from '../api/queries.ts';
import {isEnter} from '../base/keys.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {joinMetadata, searchMetrics, type Metric} from './metric-search.ts';

/** More are not listed: the search finds them. */
const metricsShown = 300;
const pageSize = 8;

interface MetricsExplorerProps {
  opened: boolean;
  onClose: () => void;
  onPick: (metric: string) => void;
}

export function MetricsExplorer({opened, onClose, onPick}: MetricsExplorerProps): ReactNode {
  const {t} = useMessages();
  const phone = useMediaQuery('(max-width: 640px)');
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('explorer.title')}
      size={860}
      fullScreen={phone}
      padding={0}
      styles={{header: {padding: '12px 16px'}, title: {fontWeight: 600}}}
      closeButtonProps={{'aria-label': t('common.close')}}
      // The editor takes the focus when something was picked.
      returnFocus={false}
    >
      <MetricList onPick={onPick} />
    </Modal>
  );
}

function MetricList({onPick}: {onPick: (metric: string) => void}): ReactNode {
  const {t} = useMessages();
  const listId = useId();
  const names = useMetricNames();
  const metadata = useMetadata(true);
  const [text, setText] = useState('');
  const deferredText = useDeferredValue(text);
  const [selected, setSelected] = useState(0);
  const all = useMemo(() => joinMetadata(names.data ?? [], metadata.data ?? {}), [names.data, metadata.data]);
  const found = useMemo(() => searchMetrics(all, deferredText), [all, deferredText]);
  const visible = found.slice(0, metricsShown);

  const select = (index: number): void => setSelected(Math.max(0, Math.min(visible.length - 1, index)));
  const onKeyDown = (event: KeyboardEvent): void => {
    const chosen = visible[selected];
    if (event.key === 'ArrowDown') select(selected + 1);
    else if (event.key === 'ArrowUp') select(selected - 1);
    else if (event.key === 'PageDown') select(selected + pageSize);
    else if (event.key === 'PageUp') select(selected - pageSize);
    else if (isEnter(event) && chosen !== undefined) onPick(chosen.name);
    else return;
    event.preventDefault();
  };
  if (names.error !== null) {
    return (
      <div className="nx-messages" style={{padding: 16}}>
        <ErrorAlert error={names.error} onRetry={() => void names.refetch()} />
      </div>
    );
  }
  return (
    <>
      <TextInput
        data-autofocus
        px={16}
        pb={12}
        leftSection={<IconSearch size={16} aria-hidden />}
        placeholder={t('explorer.search')}
        aria-label={t('explorer.search')}
        role="combobox"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={`${listId}-${selected}`}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setSelected(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className="nx-explorer-list" id={listId} role="listbox" aria-label={t('explorer.title')}>
        {visible.map((metric, index) => (
          <MetricItem
            key={metric.name}
            id={`${listId}-${index}`}
            metric={metric}
            selected={index === selected}
            onPick={onPick}
          />
        ))}
        {names.isPending ? <p className="nx-list-note">{t('common.loading')}</p> : null}
        {names.data?.length === 0 ? <p className="nx-list-note">{t('explorer.empty')}</p> : null}
        {all.length > 0 && found.length === 0 ? (
          <p className="nx-list-note">{t('common.nothingFound', {text: deferredText})}</p>
        ) : null}
        {found.length > visible.length ? (
          <p className="nx-list-note">{t('explorer.limited', {count: visible.length})}</p>
        ) : null}
      </div>
      <div className="nx-explorer-foot">
        <span>{t('explorer.count', {shown: found.length, total: all.length})}</span>
        <span>{t('explorer.help')}</span>
      </div>
    </>
  );
}

interface MetricItemProps {
  id: string;
  metric: Metric;
  selected: boolean;
  onPick: (metric: string) => void;
}

function MetricItem({id, metric, selected, onPick}: MetricItemProps): ReactNode {
  const {t} = useMessages();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (selected) element.current?.scrollIntoView({block: 'nearest'});
  }, [selected]);
  return (
    <div
      ref={element}
      id={id}
      role="option"
      aria-selected={selected}
      className="nx-metric-item"
      onClick={() => onPick(metric.name)}
    >
      <div className="nx-metric-head nx-mono">
        {metric.name}
        {metric.type === '' ? null : <span className="nx-metric-type">{metric.type}</span>}
      </div>
      <div className="nx-metric-help">{metric.help === '' ? t('explorer.noHelp') : metric.help}</div>
    </div>
  );
}
