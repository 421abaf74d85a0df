// How much time a graph spans: typed, picked from a list, or stepped through it.
import {Tooltip} from '@mantine/core';
import {IconMinus, IconPlus} from '@tabler/icons-react';
import {useId, useState, type KeyboardEvent, type ReactNode} from 'react';
import {formatDuration, parseDuration} from '../../../src/model/duration.ts';
import {isEnter} from '../base/keys.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {neighbourRange, rangesMs} from './panel.ts';
import {StepperButton} from './time-input.tsx';

interface RangeInputProps {
  rangeMs: number;
  onChange: (rangeMs: number) => void;
}

export function RangeInput({rangeMs, onChange}: RangeInputProps): ReactNode {
  const {t} = useMessages();
  const listId = useId();
  const written = formatDuration(rangeMs);
  const [draft, setDraft] = useState<string | null>(null);
  const read = draft === null ? rangeMs : readRange(draft);

  const commit = (): void => {
    if (draft === null || read === undefined) return;
    setDraft(null);
    if (read !== rangeMs) onChange(read);
  };
  const step = (direction: -1 | 1): void => {
    setDraft(null);
    onChange(neighbourRange(rangeMs, direction));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (isEnter(event)) commit();
    if (event.key === 'Escape') setDraft(null);
  };
  return (
    <Tooltip label={t('range.invalid')} opened={read === undefined} color="red">
      <div
        className="nx-stepper"
        role="group"
        aria-label={t('range.label')}
        data-invalid={read === undefined || undefined}
      >
        <StepperButton label={t('range.shorter')} onClick={() => step(-1)}>
          <IconMinus size={16} />
        </StepperButton>
        <input
          style={{width: 64}}
          value={draft ?? written}
          list={listId}
          aria-label={t('range.label')}
          aria-invalid={read === undefined}
          // An empty field offers the whole list.
          onFocus={(event) => event.currentTarget.select()}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onBlur={commit}
        />
        <datalist id={listId}>
          {rangesMs.map((range) => (
            <option key={range} value={formatDuration(range)} />
          ))}
        </datalist>
        <StepperButton label={t('range.longer')} onClick={() => step(1)}>
          <IconPlus size={16} />
        </StepperButton>
      </div>
    </Tooltip>
  );
}

/** Milliseconds, or undefined for what is no duration or none at all. */
export function readRange(text: string): number | undefined {
  try {
    const rangeMs = parseDuration(text.trim());
    return rangeMs > 0 ? rangeMs : undefined;
  } catch {
    return undefined;
  }
}
