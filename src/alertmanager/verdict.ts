// What decides whether somebody is told of an alert, as facts, and as sentences for those who read the API.

export interface SilenceFact {
  readonly id: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly endsAt: string;
}

/** The step that decides, and what it is about it. Times are RFC 3339, durations as in configuration files. */
export type Verdict =
  | {readonly step: 'not received'}
  | {readonly step: 'resolved'; readonly endedAt: string; readonly isTimeout: boolean}
  | {
      readonly step: 'inhibited';
      /** Its name, or the matchers of its source. */
      readonly rule: string;
      /** `{alertname="A"}` */
      readonly source: string;
      readonly equal: readonly string[];
    }
  | {
      readonly step: 'outside of active time intervals' | 'within mute time intervals';
      readonly intervals: readonly string[];
    }
  | {readonly step: 'silenced'; readonly silences: readonly SilenceFact[]}
  | {readonly step: 'no integrations'; readonly receiver: string}
  | {
      readonly step: 'failing';
      /** `slack[0]` */
      readonly integration: string;
      readonly attempts: number;
      readonly error: string;
      /** The attempts are over until the group is told of again. */
      readonly isGivenUp: boolean;
      readonly next: string | null;
    }
  | {readonly step: 'waiting' | 'due'; readonly groupInterval: string; readonly next: string | null}
  | {
      readonly step: 'told already';
      readonly toldAt: string;
      readonly repeatInterval: string;
      readonly againAfter: string;
      readonly next: string | null;
    };

export type Step = Verdict['step'];

/** Why it is as it is: part of a sentence. */
export function whyOf(verdict: Verdict): string {
  switch (verdict.step) {
    case 'not received':
      return 'nobody has reported an alert with exactly these labels, or it was resolved and is forgotten';
    case 'resolved': {
      const why = verdict.isTimeout ? ', because nobody reported it again within resolve_timeout' : '';
      return `it ended at ${verdict.endedAt}${why}`;
    }
    case 'inhibited': {
      const {rule, source, equal} = verdict;
      const same = equal.length === 0 ? '' : `, with the same ${equal.join(', ')}`;
      return `the inhibition rule ${rule} mutes it while ${source} fires${same}`;
    }
    case 'outside of active time intervals':
      return `the route is active only in ${verdict.intervals.join(', ')}`;
    case 'within mute time intervals':
      return `the route is muted in ${verdict.intervals.join(', ')}`;
    case 'silenced': {
      const texts = verdict.silences.map(
        ({id, createdBy, comment, endsAt}) => `${id} of ${createdBy} (${comment}) until ${endsAt}`,
      );
      return `${texts.length === 1 ? 'silence' : 'silences'} ${texts.join('; ')}`;
    }
    case 'no integrations':
      return `the receiver ${verdict.receiver} has no integrations`;
    case 'failing': {
      const {integration, attempts, error, isGivenUp} = verdict;
      const times = attempts === 1 ? 'the attempt' : `${attempts} attempts`;
      return `${times} to tell ${integration} failed${isGivenUp ? ' and it was given up' : ''}: ${error}`;
    }
    case 'waiting':
    case 'due':
      return `its group is told of after group_wait, then every group_interval (${verdict.groupInterval})${nextText(verdict)}`;
    case 'told already':
      return `all integrations were told at ${verdict.toldAt}, and again after repeat_interval (${verdict.repeatInterval})`;
  }
}

/** What would change it: part of a sentence. */
export function changeOf(verdict: Verdict): string {
  switch (verdict.step) {
    case 'not received':
      return 'look whether the rule fires, and whether its Prometheus reaches this Alertmanager';
    case 'resolved':
      return 'it has to be reported again with a later end';
    case 'inhibited':
      return 'it is told of when that alert is resolved, or when the rule does not match any more';
    case 'outside of active time intervals':
      return 'it is told of when one of these time intervals begins';
    case 'within mute time intervals':
      return 'it is told of when none of them is on';
    case 'silenced':
      return 'it is told of when they end; they can be ended now';
    case 'no integrations':
      return 'give the receiver one, or the route another receiver';
    case 'failing':
      return verdict.isGivenUp
        ? `see to what the error says; it is tried again with the group's next notification${nextText(verdict)}`
        : 'see to what the error says; it is tried again until the group interval is over';
    case 'waiting':
    case 'due':
      return 'nothing stands in its way';
    case 'told already':
      return `it is told of again after ${verdict.againAfter}${nextText(verdict)}, or sooner where other alerts join the group or are resolved`;
  }
}

function nextText({next}: {next: string | null}): string {
  return next === null ? '' : `, next at ${next}`;
}
