// The expressions that were run before.
import './lists.css';
import {ActionIcon, Button, Popover, TextInput, Tooltip} from '@mantine/core';
import {useDisclosure} from '@mantine/hooks';
import {IconHistory, IconSearch} from '@tabler/icons-react';
import {useState, type ReactNode} from 'react';
import {usePreference} from '../base/preference.ts';
import {isEnter} from '../base/keys.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {history} from './history.ts';

export function HistoryMenu({onPick}: {onPick: (expr: string) => void}): ReactNode {
  const {t} = useMessages();
  const [opened, {toggle, close}] = useDisclosure(false);
  const pick = (expr: string): void => {
    close();
    onPick(expr);
  };
  return (
    <Popover
      opened={opened}
      onChange={close}
      onDismiss={close}
      position="bottom-end"
      width="min(640px, 94vw)"
      trapFocus
    >
      <Popover.Target>
        <Tooltip label={t('history.title')}>
          <ActionIcon size="md" aria-label={t('history.title')} aria-expanded={opened} onClick={toggle}>
            <IconHistory size={18} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <HistoryList onPick={pick} />
      </Popover.Dropdown>
    </Popover>
  );
}

function HistoryList({onPick}: {onPick: (expr: string) => void}): ReactNode {
  const {t} = useMessages();
  const [entries, setEntries] = usePreference(history);
  const [search, setSearch] = useState('');
  if (entries.length === 0) return <p className="nx-list-note">{t('history.empty')}</p>;
  const found = entries.filter((entry) => entry.toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      <div className="nx-list-head">
        <TextInput
          data-autofocus
          flex={1}
          size="sm"
          leftSection={<IconSearch size={15} aria-hidden />}
          placeholder={t('history.search')}
          aria-label={t('history.search')}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => isEnter(event) && found[0] !== undefined && onPick(found[0])}
        />
        <Button size="sm" variant="subtle" color="gray" onClick={() => setEntries([])}>
          {t('history.clear')}
        </Button>
      </div>
      <div className="nx-list">
        {found.map((entry) => (
          <button key={entry} type="button" className="nx-list-item nx-mono" onClick={() => onPick(entry)}>
            {entry}
          </button>
        ))}
        {found.length === 0 ? (
          <p className="nx-list-note">{t('common.nothingFound', {text: search})}</p>
        ) : null}
      </div>
    </>
  );
}
