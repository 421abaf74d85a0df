// A time to look at, typed in almost any form, picked from the browser's own calendar, or moved by the arrows.
import {Tooltip} from '@mantine/core';
import {IconCalendar, IconChevronLeft, IconChevronRight, IconX} from '@tabler/icons-react';
import {useRef, useState, type KeyboardEvent, type ReactNode} from 'react';
import {usePreference} from '../base/preference.ts';
import {formatSpan} from '../format/span.ts';
import {formatTime, readTime} from '../format/time.ts';
import {isEnter} from '../base/keys.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {timeZone} from '../base/time-zone.ts';

interface TimeInputProps {
  label: string;
  /** null = now. */
  timeMs: number | null;
  /** How far the arrows move. */
  stepMs: number;
  onChange: (timeMs: number | null) => void;
}

export function TimeInput({label, timeMs, stepMs, onChange}: TimeInputProps): ReactNode {
  const {t, span} = useMessages();
  const [zone] = usePreference(timeZone);
  const written = timeMs === null ? '' : formatTime(timeMs, zone);
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? written;
  const read = readTime(text, {zone, nowMs: Date.now()});

  const commit = (): void => {
    if (draft === null || read === undefined) return;
    setDraft(null);
    if (draft !== written) onChange(read);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (isEnter(event)) commit();
    if (event.key === 'Escape') setDraft(null);
  };
  // Whole seconds, as the address has them.
  const move = (distanceMs: number): void => {
    setDraft(null);
    onChange(Math.floor(((timeMs ?? Date.now()) + distanceMs) / 1000) * 1000);
  };
  const distance = formatSpan(stepMs, span);
  return (
    <Tooltip label={t('time.invalid')} opened={draft !== null && read === undefined} color="red">
      <div
        className="nx-stepper nx-control-end"
        role="group"
        aria-label={label}
        data-invalid={read === undefined || undefined}
      >
        <StepperButton label={t('time.earlier', {span: distance})} onClick={() => move(-stepMs)}>
          <IconChevronLeft size={16} />
        </StepperButton>
        <input
          style={{width: 172}}
          value={text}
          placeholder={`${label}: ${t('time.now')}`}
          aria-label={label}
          aria-invalid={read === undefined}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onBlur={commit}
        />
        {timeMs === null ? (
          <NativePicker label={t('time.pick')} value={formatTime(Date.now(), zone)} onPick={pick} />
        ) : (
          <StepperButton label={t('time.reset')} onClick={() => onChange(null)}>
            <IconX size={16} />
          </StepperButton>
        )}
        <StepperButton label={t('time.later', {span: distance})} onClick={() => move(stepMs)}>
          <IconChevronRight size={16} />
        </StepperButton>
      </div>
    </Tooltip>
  );

  function pick(picked: string): void {
    const pickedMs = readTime(picked, {zone, nowMs: Date.now()});
    if (pickedMs !== undefined) onChange(pickedMs);
  }
}

interface StepperButtonProps {
  label: string;
  onClick: () => void;
  children: ReactNode;
}

export function StepperButton({label, onClick, children}: StepperButtonProps): ReactNode {
  return (
    <button type="button" className="nx-stepper-button" aria-label={label} title={label} onClick={onClick}>
      {children}
    </button>
  );
}

/** Opens the calendar that the browser brings, which a phone shows as its own. */
function NativePicker({
  label,
  value,
  onPick,
}: {
  label: string;
  value: string;
  onPick: (text: string) => void;
}): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  return (
    <span className="nx-native-picker">
      <input
        ref={input}
        type="datetime-local"
        step={1}
        tabIndex={-1}
        aria-hidden
        defaultValue={value.replace(' ', 'T').slice(0, 19)}
        onChange={(event) => event.currentTarget.value !== '' && onPick(event.currentTarget.value)}
      />
      <StepperButton label={label} onClick={() => input.current?.showPicker()}>
        <IconCalendar size={16} />
      </StepperButton>
    </span>
  );
}
