// Templates of notifications: Alertmanager's functions, data and default templates.
import {defaultTemplates, emailTemplates} from './alertmanager/default-templates.ts';
import {alertmanagerFunctions} from './alertmanager/functions.ts';
import {type AlertData, dataType, type KV, type TemplateData} from './alertmanager/types.ts';
import {executeHtml} from './html.ts';
import {parseTime, timeOfMs, utc, zeroTime} from './time.ts';
import {type Limits, type TemplateOptions, TemplateSet} from './template.ts';
import {pointerTo, type Type} from './type.ts';
import {type Value, valueOf} from './value.ts';

export type {AlertData, KV, TemplateData} from './alertmanager/types.ts';

export interface NotificationTemplatesOptions {
  readonly limits?: Partial<Limits>;
  /** Milliseconds since 1970, for `now` and `since`. */
  readonly now?: () => number;
  /** Whether messages speak of `template.Data`, as amtool's do, and not of a pointer to it. */
  readonly passesByValue?: boolean;
}

/** The default templates and those of the user's files. */
export class NotificationTemplates {
  readonly #set: TemplateSet;
  readonly #now: () => number;
  readonly #type: Type;

  constructor(options: NotificationTemplatesOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#type = options.passesByValue === true ? dataType : pointerTo(dataType);
    this.#set = new TemplateSet({
      functions: alertmanagerFunctions({now: this.#now, routeLabel: () => ''}),
      missingKey: 'zero',
      ...(options.limits === undefined ? {} : {limits: options.limits}),
    });
    this.#set.parse('', defaultTemplates + emailTemplates);
  }

  /** Adds the definitions of a file. `name` is its name without folders. Throws TemplateError. */
  parse(name: string, text: string): void {
    this.#set.parse(name, text);
  }

  /** Throws TemplateError with Alertmanager's words. */
  renderText(text: string, data: TemplateData): string {
    return this.#render(text, data, executeText);
  }

  /** The same for a document of HTML, with escaping. */
  renderHtml(text: string, data: TemplateData): string {
    return this.#render(text, data, (set, value) => executeHtml(set, '', value));
  }

  /** The text of one label of the route, with others that it names. Each is rendered once. */
  routeLabelRenderer(data: TemplateData): (name: string) => string {
    const labels = new RouteLabels(data, (text, resolver) =>
      this.#execute(text, data, resolver, executeText),
    );
    return (name) => labels.resolve(name);
  }

  #render(text: string, data: TemplateData, execute: Execute): string {
    if (text === '') return '';
    const labels = new RouteLabels(data, (each, resolver) => this.#execute(each, data, resolver, execute));
    return this.#execute(text, data, labels, execute);
  }

  #execute(text: string, data: TemplateData, labels: RouteLabels, execute: Execute): string {
    const functions = alertmanagerFunctions({now: this.#now, routeLabel: (name) => labels.resolve(name)});
    // The text has a name of its own, which no file has: the empty one.
    const trees = new Map(this.#set.trees);
    trees.delete('');
    const options: TemplateOptions = {...this.#set.options, functions};
    const set = new TemplateSet(options, trees);
    set.parse('', text);
    return execute(set, valueOf(this.#type, data));
  }
}

type Execute = (set: TemplateSet, data: Value) => string;

function executeText(set: TemplateSet, data: Value): string {
  return set.execute('', data);
}

/** Labels of a route may be templates that name each other. */
class RouteLabels {
  readonly #data: TemplateData;
  readonly #render: (text: string, labels: RouteLabels) => string;
  readonly #rendered = new Map<string, string>();
  readonly #stack: string[] = [];

  constructor(data: TemplateData, render: (text: string, labels: RouteLabels) => string) {
    this.#data = data;
    this.#render = render;
  }

  /** '' where there is no such label. Throws TypeError on a cycle. */
  resolve(name: string): string {
    const text = this.#data.routeLabels.get(name);
    if (text === undefined) return '';
    if (this.#data.routeLabelsRendered) return text;
    const known = this.#rendered.get(name);
    if (known !== undefined) return known;
    if (this.#stack.includes(name)) {
      throw new TypeError(`route label cycle detected: ${[...this.#stack, name].join(' -> ')}`);
    }
    this.#stack.push(name);
    const rendered = text === '' ? '' : this.#render(text, this);
    this.#stack.pop();
    this.#rendered.set(name, rendered);
    return rendered;
  }
}

export interface NotificationAlert {
  readonly labels: KV;
  readonly annotations: KV;
  /** Milliseconds since 1970. */
  readonly startsAtMs: number;
  /** 0 = not known. */
  readonly endsAtMs: number;
  readonly isResolved: boolean;
  readonly generatorUrl: string;
  readonly fingerprint: string;
}

/** What templates get for a group of alerts. */
export function templateDataOf(notification: {
  readonly receiver: string;
  readonly alerts: readonly NotificationAlert[];
  readonly groupLabels: KV;
  readonly routeLabels: KV;
  readonly reason: string;
  readonly externalUrl: string;
}): TemplateData {
  const {alerts} = notification;
  return {
    receiver: quoteMeta(notification.receiver),
    status: alerts.some((alert) => !alert.isResolved) ? 'firing' : 'resolved',
    alerts: alerts.map(alertDataOf),
    notificationReason: notification.reason,
    groupLabels: notification.groupLabels,
    commonLabels: commonOf(alerts.map((alert) => alert.labels)),
    commonAnnotations: commonOf(alerts.map((alert) => alert.annotations)),
    routeLabels: notification.routeLabels,
    externalUrl: notification.externalUrl,
    routeLabelsRendered: false,
  };
}

function alertDataOf(alert: NotificationAlert): AlertData {
  return {
    status: alert.isResolved ? 'resolved' : 'firing',
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: timeOfMs(alert.startsAtMs),
    endsAt: alert.endsAtMs === 0 ? zeroTime : timeOfMs(alert.endsAtMs),
    generatorUrl: alert.generatorUrl,
    fingerprint: alert.fingerprint,
  };
}

function commonOf(all: readonly KV[]): KV {
  const [first, ...others] = all;
  if (first === undefined) return new Map();
  return new Map([...first].filter(([name, value]) => others.every((other) => other.get(name) === value)));
}

/** regexp.QuoteMeta */
function quoteMeta(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/** Data as JSON has it, which is what `amtool template render --template.data` reads. Throws TypeError. */
export function templateDataOfJson(json: unknown): TemplateData {
  const root = fieldsOf(json, 'data');
  const alerts = root('alerts') ?? [];
  if (!Array.isArray(alerts)) throw new TypeError('cannot read data: alerts are no list');
  return {
    receiver: textOf(root('receiver')),
    status: textOf(root('status')),
    alerts: alerts.map((each) => {
      const alert = fieldsOf(each, 'an alert');
      return {
        status: textOf(alert('status')),
        labels: kvOf(alert('labels')),
        annotations: kvOf(alert('annotations')),
        startsAt: timeOfJson(alert('startsat')),
        endsAt: timeOfJson(alert('endsat')),
        generatorUrl: textOf(alert('generatorurl')),
        fingerprint: textOf(alert('fingerprint')),
      };
    }),
    notificationReason: textOf(root('notification_reason')),
    groupLabels: kvOf(root('grouplabels')),
    commonLabels: kvOf(root('commonlabels')),
    commonAnnotations: kvOf(root('commonannotations')),
    routeLabels: kvOf(root('routelabels')),
    externalUrl: textOf(root('externalurl')),
    routeLabelsRendered: false,
  };
}

/** Names of fields are read in any case. */
function fieldsOf(json: unknown, what: string): (name: string) => unknown {
  if (typeof json !== 'object' || json === null) throw new TypeError(`cannot read ${what}: it is no object`);
  const fields = new Map(Object.entries(json).map(([name, value]) => [name.toLowerCase(), value as unknown]));
  return (name) => fields.get(name);
}

function textOf(json: unknown): string {
  if (json === undefined || json === null) return '';
  if (typeof json !== 'string') throw new TypeError(`cannot read ${JSON.stringify(json)}: it is no text`);
  return json;
}

function kvOf(json: unknown): KV {
  if (json === undefined || json === null) return new Map();
  if (typeof json !== 'object') throw new TypeError(`cannot read ${JSON.stringify(json)}: it is no object`);
  return new Map(Object.entries(json).map(([name, value]) => [name, textOf(value)]));
}

function timeOfJson(json: unknown): AlertData['startsAt'] {
  const text = textOf(json);
  return text === '' ? zeroTime : parseTime('2006-01-02T15:04:05Z07:00', text, utc);
}
