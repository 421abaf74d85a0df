// Which rules to show: by state, and by words.
import {SegmentedControl, TextInput} from '@mantine/core';
import {IconSearch} from '@tabler/icons-react';
import {useMemo, type ReactNode} from 'react';
import {useLocation} from 'wouter';
import {useSearch} from 'wouter/use-browser-location';
import {useMessages} from '../i18n/use-messages.ts';
import {
  decodeRuleFilter,
  encodeRuleFilter,
  type RuleChoice,
  type RuleCounts,
  type RuleFilter,
} from './rule-filter.ts';

/** The filter stands in the address of the page. */
export function useRuleFilter(page: '/rules' | '/alerts'): [RuleFilter, (filter: RuleFilter) => void] {
  const search = useSearch();
  const [, navigate] = useLocation();
  const filter = useMemo(() => decodeRuleFilter(search), [search]);
  const setFilter = (next: RuleFilter): void => {
    const encoded = encodeRuleFilter(next);
    navigate(encoded === '' ? page : `${page}?${encoded}`, {replace: true});
  };
  return [filter, setFilter];
}

interface FilterBarProps {
  choices: readonly Exclude<RuleChoice, ''>[];
  counts: RuleCounts;
  filter: RuleFilter;
  searchLabel: string;
  onChange: (filter: RuleFilter) => void;
}

export function FilterBar({choices, counts, filter, searchLabel, onChange}: FilterBarProps): ReactNode {
  const {t} = useMessages();
  return (
    <div className="nx-filters">
      <SegmentedControl
        size="sm"
        aria-label={t('rules.state')}
        value={filter.choice}
        onChange={(choice) => onChange({...filter, choice: choice as RuleChoice})}
        data={[
          {value: '', label: `${t('rules.all')} ${counts.all}`},
          ...choices.map((choice) => ({value: choice, label: `${t(`rules.${choice}`)} ${counts[choice]}`})),
        ]}
      />
      <TextInput
        className="nx-filter-search"
        size="sm"
        leftSection={<IconSearch size={15} aria-hidden />}
        placeholder={searchLabel}
        aria-label={searchLabel}
        value={filter.search}
        onChange={(event) => onChange({...filter, search: event.currentTarget.value})}
      />
    </div>
  );
}
