// Why an alert is silent, and what would change it, in the reader's language.
import type {Verdict} from '../../../src/alertmanager/verdict.ts';
import type {PlainMessageKey} from '../i18n/messages.en.ts';
import type {Translate} from '../i18n/use-messages.ts';

export interface VerdictText {
  title: string;
  why: string;
  change: string;
  /** Nothing stands in the alert's way. */
  isCalm: boolean;
  /** It holds for the alert, wherever it goes. */
  isOfAlert: boolean;
}

const titles: Readonly<Record<Verdict['step'], PlainMessageKey>> = {
  'not received': 'routing.step.notReceived',
  resolved: 'routing.step.resolved',
  inhibited: 'routing.step.inhibited',
  'outside of active time intervals': 'routing.step.inactive',
  'within mute time intervals': 'routing.step.muted',
  silenced: 'routing.step.silenced',
  'no integrations': 'routing.step.noIntegrations',
  failing: 'routing.step.failing',
  waiting: 'routing.step.waiting',
  'told already': 'routing.step.told',
  due: 'routing.step.due',
};

const calm: ReadonlySet<string> = new Set<Verdict['step']>(['due', 'waiting', 'told already']);
const ofAlert: ReadonlySet<string> = new Set<Verdict['step']>(['not received', 'resolved', 'inhibited']);

/** `time` writes an RFC 3339 time as the reader has them. Null where the server is newer and knows other steps. */
export function verdictText(
  verdict: Verdict,
  t: Translate,
  time: (rfc3339: string) => string,
): VerdictText | null {
  const key = titles[verdict.step] as PlainMessageKey | undefined;
  if (key === undefined) return null;
  return {
    title: t(key),
    ...sentences(verdict, t, time),
    isCalm: calm.has(verdict.step),
    isOfAlert: ofAlert.has(verdict.step),
  };
}

function sentences(
  verdict: Verdict,
  t: Translate,
  time: (rfc3339: string) => string,
): {why: string; change: string} {
  const between = t('routing.between');
  switch (verdict.step) {
    case 'not received':
      return {why: t('routing.why.notReceived'), change: t('routing.change.notReceived')};
    case 'resolved': {
      const at = time(verdict.endedAt);
      const why = verdict.isTimeout ? t('routing.why.timedOut', {at}) : t('routing.why.resolved', {at});
      return {why, change: t('routing.change.resolved')};
    }
    case 'inhibited': {
      const {rule, source, equal} = verdict;
      const why =
        equal.length === 0
          ? t('routing.why.inhibited', {rule, source})
          : t('routing.why.inhibitedSame', {rule, source, labels: equal.join(between)});
      return {why, change: t('routing.change.inhibited')};
    }
    case 'outside of active time intervals':
      return {
        why: t('routing.why.inactive', {names: verdict.intervals.join(between)}),
        change: t('routing.change.inactive'),
      };
    case 'within mute time intervals':
      return {
        why: t('routing.why.muted', {names: verdict.intervals.join(between)}),
        change: t('routing.change.muted'),
      };
    case 'silenced': {
      const texts = verdict.silences.map(({createdBy, comment, endsAt}) =>
        t('routing.why.silence', {creator: createdBy, comment, end: time(endsAt)}),
      );
      return {why: texts.join(' '), change: t('routing.change.silenced')};
    }
    case 'no integrations':
      return {
        why: t('routing.why.noIntegrations', {receiver: verdict.receiver}),
        change: t('routing.change.noIntegrations'),
      };
    case 'failing': {
      const {integration, attempts: count, error, isGivenUp, next} = verdict;
      return {
        why: isGivenUp
          ? t('routing.why.givenUp', {integration, count, error})
          : t('routing.why.failing', {integration, count, error}),
        change:
          isGivenUp && next !== null
            ? t('routing.change.givenUp', {next: time(next)})
            : t('routing.change.failing'),
      };
    }
    case 'waiting':
    case 'due': {
      const {groupInterval: interval, next} = verdict;
      return {
        why:
          next === null
            ? t('routing.why.waiting', {interval})
            : t('routing.why.waitingUntil', {interval, next: time(next)}),
        change: t('routing.change.waiting'),
      };
    }
    case 'told already':
      return {
        why: t('routing.why.told', {at: time(verdict.toldAt), repeat: verdict.repeatInterval}),
        change: t('routing.change.told', {after: time(verdict.againAfter)}),
      };
  }
}
