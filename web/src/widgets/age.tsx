// How long ago something was, counting on. The exact time is in the title.
import {useSyncExternalStore, type ReactNode} from 'react';
import {usePreference} from '../base/preference.ts';
import {formatSpan} from '../format/span.ts';
import {formatTime} from '../format/time.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {timeZone} from '../base/time-zone.ts';

const tickMs = 1000;

/** One timer for all ages on the page. */
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  nowMs = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    // Nobody counted meanwhile.
    nowMs = Date.now();
    timer = setInterval(tick, tickMs);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}

/** `3.2s ago`; `in 5s` for a server whose clock is ahead. */
export function Age({timeMs}: {timeMs: number}): ReactNode {
  const {t, span} = useMessages();
  const [zone] = usePreference(timeZone);
  const ageMs = useNow() - timeMs;
  // Just now may be after the last tick.
  const rounded = Math.round(Math.max(ageMs, ageMs > -2 * tickMs ? 0 : -Infinity) / 100) * 100;
  const text = formatSpan(Math.abs(rounded), span);
  return (
    <time dateTime={new Date(timeMs).toISOString()} title={formatTime(timeMs, zone)}>
      {rounded < 0 ? t('common.in', {span: text}) : t('common.ago', {span: text})}
    </time>
  );
}
