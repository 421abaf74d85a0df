// Alertmanager's API v2, as its OpenAPI document describes it.
import type {HttpReply} from '../../http/reply.ts';
import type {HttpCall} from '../../http/server.ts';
import {compareStrings, type Labels, labelsOf} from '../../model/labels.ts';
import type {Matcher} from '../../model/matcher.ts';
import {noteBurst} from '../../sys/garbage.ts';
import {describeError} from '../../sys/log.ts';
import {compareAlertLabels, compareLabelSets} from '../alert.ts';
import type {StoredAlert} from '../alert-store.ts';
import type {Alertmanager} from '../alertmanager.ts';
import {formatConfig} from '../config.ts';
import type {Group} from '../group.ts';
import {matcherOf, matchesAll} from '../matchers.ts';
import {notificationAlertOf} from '../pipeline.ts';
import type {Silence} from '../silence.ts';
import {SilenceError} from '../silences.ts';
import {formatMs, nanosecondsOf} from '../timestamp.ts';
import {readAlerts, readSilence} from './bodies.ts';
import {
  type AlertStatus,
  compareSilences,
  gettableAlert,
  gettableSilence,
  isSuppressed,
  recordOf,
} from './models.ts';
import {ApiProblem, jsonReply, jsonTextReply, noContent} from './problem.ts';

export interface VersionInfo {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  readonly goVersion: string;
}

/** After so many alerts others get their turn. */
const alertsAtOnce = 2000;

const longCharactersMin = 1 << 20;

/** Which alerts a request asks for. */
interface AlertFilter {
  readonly matchers: readonly Matcher[];
  readonly active: boolean;
  readonly silenced: boolean;
  readonly inhibited: boolean;
  readonly hasReceiver: (receivers: readonly string[]) => boolean;
}

export class ApiV2 {
  readonly #alertmanager: Alertmanager;
  readonly #version: VersionInfo;

  constructor(alertmanager: Alertmanager, version: VersionInfo) {
    this.#alertmanager = alertmanager;
    this.#version = version;
  }

  status(): HttpReply {
    const {branch, buildDate, buildUser, goVersion, revision, version} = this.#version;
    return jsonReply({
      cluster: {peers: [], status: 'disabled'},
      config: {original: formatConfig(this.#alertmanager.config)},
      uptime: formatMs(this.#alertmanager.startedAtMs),
      versionInfo: {branch, buildDate, buildUser, goVersion, revision, version},
    });
  }

  receivers(call: HttpCall): HttpReply {
    const matchers = this.#receiverMatchers(call);
    const receivers = this.#alertmanager.config.receivers.filter(({labels}) =>
      matchesAll(matchers, labelsOf(labels)),
    );
    return jsonReply(receivers.map(({name, labels}) => ({labels: Object.fromEntries(sorted(labels)), name})));
  }

  postAlerts(call: HttpCall): HttpReply {
    const wrong = this.#alertmanager.receive(readAlerts(call));
    if (wrong.length > 0) throw new ApiProblem(400, wrong.join('\n'));
    return noContent(200);
  }

  async alerts(call: HttpCall): Promise<HttpReply> {
    const filter = this.#alertFilter(call);
    const {alerts, route, options} = this.#alertmanager;
    const nowMs = options.clock.now();
    const found: [fingerprint: string, text: string][] = [];
    let count = 0;
    for (const alert of alerts.values()) {
      if (++count % alertsAtOnce === 0) await breathe();
      if (alert.endsAtMs < nowMs) continue;
      const {labels} = alert;
      if (!matchesAll(filter.matchers, labels)) continue;
      const receivers = route.match(labels).map((each) => each.options.receiver);
      if (!filter.hasReceiver(receivers)) continue;
      const status = this.#statusOf(labels, nowMs);
      if (!isAskedFor(status, filter)) continue;
      found.push([alert.fingerprint, JSON.stringify(gettableAlert(alert, labels, status, receivers, []))]);
    }
    found.sort(([left], [right]) => (left < right ? -1 : 1));
    return longReply(found.map(([, text]) => text));
  }

  async alertGroups(call: HttpCall): Promise<HttpReply> {
    const filter = this.#alertFilter(call);
    const withMuted = readBoolean(call, 'muted');
    const nowMs = this.#alertmanager.options.clock.now();
    const found: FoundGroup[] = [];
    const receivers = new Map<StoredAlert, string[]>();
    let count = 0;
    for (const group of this.#alertmanager.dispatcher.groups()) {
      const {receiver} = group.route.options;
      if (!filter.hasReceiver([receiver])) continue;
      const alerts: FoundAlert[] = [];
      for (const alert of group.alerts) {
        if (++count % alertsAtOnce === 0) await breathe();
        if (alert.endsAtMs < nowMs) continue;
        const {labels} = alert;
        if (!matchesAll(filter.matchers, labels)) continue;
        const status = this.#statusOf(labels, nowMs);
        if (!isAskedFor(status, filter)) continue;
        alerts.push({alert, status});
        const known = receivers.get(alert);
        if (known === undefined) receivers.set(alert, [receiver]);
        else known.push(receiver);
      }
      if (alerts.length > 0) found.push({group, alerts});
    }
    for (const names of receivers.values()) names.sort(compareStrings);
    const shown = found.filter(({group}) => withMuted || group.mutedBy.length === 0).sort(compareGroups);
    return longReply(shown.map((each) => this.#groupText(each, receivers)));
  }

  silences(call: HttpCall): HttpReply {
    const {silences, options} = this.#alertmanager;
    const matchers = this.#matchers(call.form.all('filter'));
    const wanted = {
      active: readBoolean(call, 'active'),
      expired: readBoolean(call, 'expired'),
      pending: readBoolean(call, 'pending'),
    };
    const nowNs = nanosecondsOf(options.clock.now());
    const found = silences
      .all()
      .filter((each) => hasMatchers(each, matchers))
      .sort((left, right) => compareSilences(left, right, nowNs));
    const several = found.find(({matcherSets}) => matcherSets.length > 1);
    if (several !== undefined) throw severalSets(several);
    const all = found.map((each) => gettableSilence(each, nowNs));
    return jsonReply(
      all.filter(({status}) => wanted[(status as {state: 'active' | 'expired' | 'pending'}).state]),
    );
  }

  silence(call: HttpCall): HttpReply {
    const {silences, options} = this.#alertmanager;
    const silence = silences.get(readId(call));
    if (silence === null) return noContent(404);
    if (silence.matcherSets.length > 1) throw severalSets(silence);
    return jsonReply(gettableSilence(silence, nanosecondsOf(options.clock.now())));
  }

  async postSilence(call: HttpCall): Promise<HttpReply> {
    const posted = readSilence(call);
    const nowNs = nanosecondsOf(this.#alertmanager.options.clock.now());
    if (posted.startsAtNs >= posted.endsAtNs)
      throw new ApiProblem(400, 'Failed to create silence: start time must be before end time');
    if (posted.endsAtNs < nowNs)
      throw new ApiProblem(400, "Failed to create silence: end time can't be in the past");
    try {
      return jsonReply({silenceID: await this.#alertmanager.silences.set(posted)});
    } catch (error) {
      if (!(error instanceof SilenceError)) throw error;
      throw new ApiProblem(error.kind === 'not found' ? 404 : 400, error.message);
    }
  }

  async deleteSilence(call: HttpCall): Promise<HttpReply> {
    try {
      await this.#alertmanager.silences.expire(readId(call));
    } catch (error) {
      if (error instanceof SilenceError && error.kind === 'not found') return noContent(404);
      throw new ApiProblem(500, describeError(error));
    }
    return noContent(200);
  }

  /** What mutes an alert now. */
  #statusOf(labels: Labels, nowMs: number): AlertStatus {
    const {inhibitor, silences} = this.#alertmanager;
    const inhibition = inhibitor.inhibitionOf(labels, nowMs);
    return {
      inhibitedBy: inhibition === null ? [] : [inhibition.source.fingerprint],
      silencedBy: silences.mutesOf(labels),
    };
  }

  #groupText({group, alerts}: FoundGroup, receivers: ReadonlyMap<StoredAlert, string[]>): string {
    const shown = alerts
      .filter(({alert}) => !alert.isForgotten)
      .map(({alert, status}) => ({alert, status, labels: alert.labels}))
      .sort((left, right) => compareAlertLabels(left.labels, right.labels));
    const {pipeline} = this.#alertmanager;
    const isTold = group.route.options.labels.size > 0;
    const told = isTold ? shown.map((each) => notificationAlertOf({...each, isResolved: false})) : [];
    return JSON.stringify({
      alerts: shown.map(({alert, labels, status}) =>
        gettableAlert(alert, labels, status, receivers.get(alert)!, group.mutedBy),
      ),
      labels: recordOf(group.labels),
      receiver: {name: group.route.options.receiver},
      routeLabels: Object.fromEntries(sorted(pipeline.routeLabelsOf(group, told))),
    });
  }

  #alertFilter(call: HttpCall): AlertFilter {
    const matchers = this.#matchers(call.form.all('filter'));
    const receiver = receiverPattern(call.form.get('receiver'));
    const receiverMatchers = this.#receiverMatchers(call);
    const labelled = new Set(
      this.#alertmanager.config.receivers
        .filter(({labels}) => matchesAll(receiverMatchers, labelsOf(labels)))
        .map(({name}) => name),
    );
    return {
      matchers,
      active: readBoolean(call, 'active'),
      silenced: readBoolean(call, 'silenced'),
      inhibited: readBoolean(call, 'inhibited'),
      hasReceiver: (receivers) =>
        (receiver === null || receivers.some((name) => receiver.matches(name))) &&
        (receiverMatchers.length === 0 || receivers.some((name) => labelled.has(name))),
    };
  }

  #receiverMatchers(call: HttpCall): Matcher[] {
    try {
      return this.#matchers(call.form.all('receiver_matchers'));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      throw new ApiProblem(400, `failed to parse receiver_matchers param: ${error.message}`);
    }
  }

  #matchers(texts: readonly string[]): Matcher[] {
    try {
      return texts.map((each) => this.#alertmanager.options.parser.matcher(each, 'api'));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new ApiProblem(400, error.message);
    }
  }
}

interface FoundAlert {
  readonly alert: StoredAlert;
  readonly status: AlertStatus;
}

interface FoundGroup {
  readonly group: Group;
  readonly alerts: FoundAlert[];
}

function compareGroups(left: FoundGroup, right: FoundGroup): number {
  return (
    compareLabelSets(left.group.labels, right.group.labels) ||
    compareStrings(left.group.route.options.receiver, right.group.route.options.receiver)
  );
}

function isAskedFor(status: AlertStatus, {active, silenced, inhibited}: AlertFilter): boolean {
  if (!active && !isSuppressed(status)) return false;
  if (!silenced && status.silencedBy.length > 0) return false;
  return inhibited || status.inhibitedBy.length === 0;
}

/** Whether each of the matchers is one of the silence's. */
function hasMatchers({matcherSets}: Silence, wanted: readonly Matcher[]): boolean {
  return matcherSets.some((matchers) =>
    wanted.every(({type, name, value}) =>
      matchers.some((each) => each.type === type && each.name === name && each.value === value),
    ),
  );
}

function severalSets({id}: Silence): ApiProblem {
  return new ApiProblem(
    500,
    `silence '${id}' has multiple matcher sets which is not supported by this API version`,
  );
}

const trueWords = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

/** True where nothing is said. */
function readBoolean(call: HttpCall, name: string): boolean {
  const text = call.form.get(name);
  return text === '' || trueWords.has(text.toLowerCase());
}

function receiverPattern(text: string): Matcher | null {
  if (text === '') return null;
  try {
    return matcherOf('=~', 'receiver', text);
  } catch (cause) {
    throw new ApiProblem(400, `failed to parse receiver param: ${(cause as Error).message}`);
  }
}

function readId(call: HttpCall): string {
  const id = call.params['silenceID'] ?? '';
  if (!/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(id))
    throw new ApiProblem(422, `silenceID in path must be of type uuid: ${JSON.stringify(id)}`, 601);
  return id;
}

function sorted(map: ReadonlyMap<string, string>): [string, string][] {
  return [...map].sort(([left], [right]) => compareStrings(left, right));
}

/** A list of JSON. What a long one is made of is not needed any more once it is sent. */
function longReply(items: readonly string[]): HttpReply {
  const text = `[${items.join(',')}]\n`;
  if (text.length > longCharactersMin) noteBurst(3 * text.length);
  return jsonTextReply(text);
}

function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
