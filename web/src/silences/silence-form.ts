// A silence while somebody fills it in, how it stands in an address, and what is sent of it.
import type {PostedSilence, Silence, SilenceMatcher} from '../api/alertmanager.ts';
import type {LabelSet} from '../api/types.ts';
import {formatDuration, parseDuration} from '../../../src/model/duration.ts';
import {formatTime, readTime, type TimeZone} from '../format/time.ts';

export const operators = ['=', '!=', '=~', '!~'] as const;
export type Operator = (typeof operators)[number];

export interface MatcherRow {
  name: string;
  operator: Operator;
  value: string;
}

export interface SilenceForm {
  /** Of the silence that is changed; '' = a new one. */
  id: string;
  matchers: readonly MatcherRow[];
  /** As it is typed. */
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}

const matcherText = /^\s*("(?:\\.|[^"\\])*"|[^\s=!~"]+)\s*(=~|!~|!=|=)\s*("(?:\\.|[^"\\])*"|.*?)\s*$/s;

/** `name="value"`, as Alertmanager reads it. */
export function formatRow({name, operator, value}: MatcherRow): string {
  const plain = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
  return `${plain ? name : JSON.stringify(name)}${operator}${JSON.stringify(value)}`;
}

export function parseRow(text: string): MatcherRow | null {
  const match = matcherText.exec(text);
  if (match === null) return null;
  const [, name, operator, value] = match as unknown as [string, string, Operator, string];
  return {name: unquote(name), operator, value: unquote(value)};
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

/** The page that silences alerts with these labels, each as it is. */
export function newSilenceAddress(labels: LabelSet): string {
  const rows = Object.entries(labels).map(([name, value]) => ({name, operator: '=', value}) as const);
  return `/silence?${encodeRows(rows)}`;
}

export function encodeRows(rows: readonly MatcherRow[]): string {
  return new URLSearchParams(rows.map((row) => ['matcher', formatRow(row)])).toString();
}

export function decodeRows(search: string): MatcherRow[] {
  return new URLSearchParams(search)
    .getAll('matcher')
    .map(parseRow)
    .filter((row) => row !== null);
}

export function rowOf({name, value, isRegex, isEqual}: SilenceMatcher): MatcherRow {
  const operator = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
  return {name, operator, value};
}

function matcherOf({name, operator, value}: MatcherRow): SilenceMatcher {
  return {name, value, isRegex: operator.endsWith('~'), isEqual: operator.startsWith('=')};
}

const durationDefaultMs = 2 * 3600_000;

export function emptyForm(matchers: readonly MatcherRow[], nowMs: number, zone: TimeZone): SilenceForm {
  const times = {startsAt: '', endsAt: formatTime(wholeSecond(nowMs + durationDefaultMs), zone)};
  return {id: '', matchers: matchers.length === 0 ? [noRow] : matchers, ...times, createdBy: '', comment: ''};
}

export const noRow: MatcherRow = {name: '', operator: '=', value: ''};

/** To change a silence that is in force or will be; one that has expired is made anew, for as long as it was. */
export function formOf(silence: Silence, nowMs: number, zone: TimeZone): SilenceForm {
  const {matchers, createdBy, comment} = silence;
  const startsMs = Date.parse(silence.startsAt);
  const endsMs = Date.parse(silence.endsAt);
  const rest = {matchers: matchers.map(rowOf), createdBy, comment};
  if (silence.status.state !== 'expired') {
    return {id: silence.id, startsAt: formatTime(startsMs, zone), endsAt: formatTime(endsMs, zone), ...rest};
  }
  const againMs = wholeSecond(nowMs + Math.max(60_000, endsMs - startsMs));
  return {id: '', startsAt: '', endsAt: formatTime(againMs, zone), ...rest};
}

function wholeSecond(timeMs: number): number {
  return Math.ceil(timeMs / 1000) * 1000;
}

export type FormProblem =
  | 'noMatchers'
  | 'matcherName'
  | 'allEmpty'
  | 'regex'
  | 'starts'
  | 'ends'
  | 'order'
  | 'past'
  | 'creator'
  | 'comment';

/** Milliseconds of a typed time: a date, `now`, or a duration from now such as `2h`. NaN = it is none. */
export function readMoment(text: string, nowMs: number, zone: TimeZone): number {
  const trimmed = text.trim();
  if (trimmed === '') return nowMs;
  try {
    return nowMs + parseDuration(trimmed.replace(/^\+/, ''));
  } catch {
    const read = readTime(trimmed, {zone, nowMs});
    return read === null ? nowMs : (read ?? NaN);
  }
}

/** What is wrong with the form, in the order of its fields. */
export function problemsOf(form: SilenceForm, nowMs: number, zone: TimeZone): FormProblem[] {
  const problems: FormProblem[] = [];
  const rows = form.matchers;
  if (rows.length === 0) problems.push('noMatchers');
  if (rows.some(({name}) => name.trim() === '')) problems.push('matcherName');
  if (rows.length > 0 && rows.every(matchesNothing)) problems.push('allEmpty');
  if (rows.some(({operator, value}) => operator.endsWith('~') && !isRegex(value))) problems.push('regex');
  const startsMs = readMoment(form.startsAt, nowMs, zone);
  const endsMs = form.endsAt.trim() === '' ? NaN : readMoment(form.endsAt, nowMs, zone);
  if (Number.isNaN(startsMs)) problems.push('starts');
  if (Number.isNaN(endsMs)) problems.push('ends');
  else if (endsMs <= nowMs) problems.push('past');
  else if (endsMs <= startsMs) problems.push('order');
  if (form.createdBy.trim() === '') problems.push('creator');
  if (form.comment.trim() === '') problems.push('comment');
  return problems;
}

/** A matcher that an absent label passes, too: a silence of such alone would mute everything. */
function matchesNothing({operator, value}: MatcherRow): boolean {
  switch (operator) {
    case '=':
      return value === '';
    case '!=':
      return value !== '';
    default: {
      const matches = isRegex(value) && new RegExp(`^(?:${value})$`).test('');
      return operator === '=~' ? matches : !matches;
    }
  }
}

function isRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    // Go knows a few things that JavaScript does not, such as (?i): the server decides.
    return text.includes('(?');
  }
}

/** How long the silence holds, as a duration; '' where its times are none. */
export function lengthOf(form: SilenceForm, nowMs: number, zone: TimeZone): string {
  const length = readMoment(form.endsAt, nowMs, zone) - readMoment(form.startsAt, nowMs, zone);
  return length > 0 ? formatDuration(Math.round(length / 1000) * 1000) : '';
}

export function postedOf(form: SilenceForm, nowMs: number, zone: TimeZone): PostedSilence {
  return {
    ...(form.id !== '' && {id: form.id}),
    matchers: form.matchers.map(matcherOf),
    startsAt: new Date(readMoment(form.startsAt, nowMs, zone)).toISOString(),
    endsAt: new Date(readMoment(form.endsAt, nowMs, zone)).toISOString(),
    createdBy: form.createdBy.trim(),
    comment: form.comment.trim(),
  };
}
