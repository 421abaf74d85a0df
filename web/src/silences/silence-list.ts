// Which silences the page shows, and in which order.
import type {Silence, SilenceState} from '../api/alertmanager.ts';
import {formatRow, rowOf} from './silence-form.ts';

export const silenceStates = ['active', 'pending', 'expired'] as const satisfies SilenceState[];

export interface SilenceFilter {
  state: SilenceState;
  search: string;
}

export function decodeSilenceFilter(search: string): SilenceFilter {
  const params = new URLSearchParams(search);
  const state = silenceStates.find((each) => each === params.get('state')) ?? 'active';
  return {state, search: params.get('search') ?? ''};
}

export function encodeSilenceFilter({state, search}: SilenceFilter): string {
  const params = new URLSearchParams();
  if (state !== 'active') params.set('state', state);
  if (search !== '') params.set('search', search);
  return params.toString();
}

export function countSilences(silences: readonly Silence[]): Record<SilenceState, number> {
  const counts = {active: 0, pending: 0, expired: 0};
  for (const {status} of silences) counts[status.state]++;
  return counts;
}

/** Those that end first come first; of those that have ended, the last one. */
export function silencesOf(silences: readonly Silence[], {state, search}: SilenceFilter): Silence[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const sign = state === 'expired' ? -1 : 1;
  return silences
    .filter((silence) => silence.status.state === state && matches(silence, words))
    .sort((a, b) => sign * (Date.parse(a.endsAt) - Date.parse(b.endsAt)));
}

function matches({id, createdBy, comment, matchers}: Silence, words: readonly string[]): boolean {
  const texts = matchers.map((matcher) => formatRow(rowOf(matcher)));
  const text = [id, createdBy, comment, ...texts].join('\n').toLowerCase().replaceAll('"', '');
  return words.every((word) => text.includes(word.replaceAll('"', '')));
}
