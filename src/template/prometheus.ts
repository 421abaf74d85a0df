// Templates of alerting rules: Prometheus's functions, and what its rules define before each text.
import {ParseCache} from '../base/parsecache.ts';
import {compareStrings} from '../model/labels.ts';
import {parseDuration} from '../model/duration.ts';
import type {FloatHistogram} from '../model/histogram.ts';
import {TemplateError} from './error.ts';
import {formatFloat} from './fmt/float.ts';
import {escapeQuery} from './exec/escape.ts';
import {fourDigits, sharedFunctions, titleCase, toFloat, withSmallPrefix} from './functions.ts';
import {valueOfHistogram} from './histogram.ts';
import {isIpAddress, joinHostPort, splitHostPort} from './hostport.ts';
import {type Limits, TemplateSet} from './template.ts';
import {durationType, formatGoTime, type Time, timeOfMs, timeType} from './time.ts';
import {
  anyType,
  float64Type,
  goFunction,
  type GoFunction,
  mapOf,
  named,
  pointerTo,
  sliceOf,
  stringType,
  structType,
  type Type,
  variadicFunction,
} from './type.ts';
import {type Value, valueOf} from './value.ts';

export interface TemplateSample {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number | FloatHistogram;
}

export interface AlertTemplateData {
  readonly labels: ReadonlyMap<string, string>;
  readonly externalLabels: ReadonlyMap<string, string>;
  readonly externalUrl: string;
  readonly value: number | FloatHistogram;
}

export interface ExpandOptions {
  /** The time of evaluation, in milliseconds since 1970. */
  readonly timestampMs: number;
  /** Evaluates an expression at that time. What it throws becomes the template's error. */
  readonly query: (expression: string) => readonly TemplateSample[];
  readonly limits?: Partial<Limits>;
  readonly clock?: () => number;
}

const labelsType = mapOf(stringType, stringType);

interface SampleData {
  readonly Labels: ReadonlyMap<string, string>;
  readonly Value: Value;
}

const sampleType: Type<SampleData> = structType<SampleData>('template.sample', {
  Labels: labelsType,
  Value: anyType,
});
const samplePointer = pointerTo(sampleType);
const resultType = named('template.queryResult', sliceOf(samplePointer));

const alertDataType = structType<object>(
  'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }',
  {Labels: labelsType, ExternalLabels: labelsType, ExternalURL: stringType, Value: anyType},
);

/** What stands before every text of a rule. Columns in messages count it. */
export const alertDefinitions =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

/** The text of a label or an annotation of alerting rule `alert`. Throws TemplateError with Prometheus's words. */
export function expandAlertTemplate(
  alert: string,
  text: string,
  data: AlertTemplateData,
  options: ExpandOptions,
): string {
  // Fast path: most labels and some annotations are plain text.
  if (!text.includes('{{')) return text;
  const name = `__alert_${alert}`;
  const values = {
    Labels: data.labels,
    ExternalLabels: data.externalLabels,
    ExternalURL: data.externalUrl,
    Value: valueOfSample(data.value),
  };
  return expand(name, alertDefinitions + text, valueOf(alertDataType, values), data.externalUrl, options);
}

/** Checks the text of a rule without executing it, as loading a rule file does. Throws TemplateError. */
export function checkAlertTemplate(alert: string, text: string): void {
  if (!text.includes('{{')) return;
  new TemplateSet({functions: allFunctions()}).parse(`__alert_${alert}`, alertDefinitions + text);
}

function expand(
  name: string,
  text: string,
  data: Value | null,
  externalUrl: string,
  options: ExpandOptions,
): string {
  const set = parsedTemplates.get(templateKey(name, text)).clone({
    ownFunctions: functionsOfMoment(externalUrl, options),
    ...(options.limits === undefined ? {} : {limits: options.limits}),
    ...(options.clock === undefined ? {} : {clock: options.clock}),
  });
  return explain(`error executing template ${name}`, () => set.execute(name, data));
}

/** Texts of rules are expanded for each alert, again and again. */
const parsedTemplates = new ParseCache(parsedTemplate, {
  textsMax: 1000,
  charactersMax: 500_000,
  lengthMax: 20_000,
});

/** A template as one text: the length of its name, its name, what it says. */
function templateKey(name: string, text: string): string {
  return `${name.length}:${name}${text}`;
}

function parsedTemplate(key: string): TemplateSet {
  const start = key.indexOf(':') + 1;
  const end = start + Number(key.slice(0, start - 1));
  const name = key.slice(start, end);
  const set = new TemplateSet({functions: allFunctions(), missingKey: 'zero'});
  explain(`error parsing template ${name}`, () => set.parse(name, key.slice(end)));
  return set;
}

function explain<T>(doing: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(`${doing}: ${error.message}`, {cause: error});
  }
}

function valueOfSample(value: number | FloatHistogram): Value {
  return typeof value === 'number' ? valueOf(float64Type, value) : valueOfHistogram(value);
}

/** Names of the functions that templates of rules have, beside Go's own. */
export function prometheusFunctionNames(): string[] {
  return [...allFunctions().keys()];
}

let functionsOfNoMoment: ReadonlyMap<string, GoFunction> | null = null;

/** With those that depend on the moment as they are where nothing is known of it. */
function allFunctions(): ReadonlyMap<string, GoFunction> {
  functionsOfNoMoment ??= new Map([
    ...sharedFunctions,
    ...constantFunctions,
    ...functionsOfMoment('', {timestampMs: 0, query: () => []}),
  ]);
  return functionsOfNoMoment;
}

function functionsOfMoment(
  externalUrl: string,
  options: Pick<ExpandOptions, 'query' | 'timestampMs'>,
): ReadonlyMap<string, GoFunction> {
  return new Map([
    ['query', goFunction([stringType], resultType, (text) => samplesOf(options.query(text)))],
    ['now', goFunction([], float64Type, () => options.timestampMs / 1000)],
    ['externalURL', goFunction([], stringType, () => externalUrl)],
    ['pathPrefix', goFunction([], stringType, () => pathOf(externalUrl))],
  ] as [string, GoFunction][]);
}

function samplesOf(samples: readonly TemplateSample[]): SampleData[] {
  return samples.map(({labels, value}) => ({Labels: labels, Value: valueOfSample(value)}));
}

function pathOf(url: string): string {
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const constantFunctions: readonly (readonly [string, GoFunction])[] = [
  ['title', goFunction([stringType], stringType, (text) => titleCase(text, false))],
  ['first', goFunction([resultType], samplePointer, first)],
  ['label', goFunction([stringType, samplePointer], stringType, (name, sample) => labelOf(sample, name))],
  ['value', goFunction([samplePointer], anyType, (sample) => present(sample).Value)],
  ['strvalue', goFunction([samplePointer], stringType, (sample) => labelOf(sample, '__value__'))],
  ['sortByLabel', goFunction([stringType, resultType], resultType, sortByLabel)],
  [
    'args',
    variadicFunction(
      [],
      anyType,
      mapOf(stringType, anyType),
      (...args) => new Map(args.map((arg, i) => [`arg${i}`, arg])),
    ),
  ],
  [
    'graphLink',
    goFunction([stringType], stringType, (text) => `/graph?g0.expr=${escapeQuery(text)}&g0.tab=0`),
  ],
  [
    'tableLink',
    goFunction([stringType], stringType, (text) => `/graph?g0.expr=${escapeQuery(text)}&g0.tab=1`),
  ],
  ['urlQueryEscape', goFunction([stringType], stringType, escapeQuery)],
  ['stripPort', goFunction([stringType], stringType, (text) => splitHostPort(text)?.host ?? text)],
  ['stripDomain', goFunction([stringType], stringType, stripDomain)],
  ['humanize', goFunction([anyType], stringType, (value) => humanize(toFloat(value)))],
  ['humanize1024', goFunction([anyType], stringType, (value) => humanize1024(toFloat(value)))],
  [
    'humanizePercentage',
    goFunction([anyType], stringType, (value) => `${fourDigits(toFloat(value) * 100)}%`),
  ],
  ['humanizeTimestamp', goFunction([anyType], stringType, (value) => humanizeTimestamp(toFloat(value)))],
  ['toTime', goFunction([anyType], pointerTo(timeType), (value) => toTime(toFloat(value)))],
  ['toDuration', goFunction([anyType], pointerTo(durationType), (value) => toDuration(toFloat(value)))],
  ['parseDuration', goFunction([stringType], float64Type, parseSeconds)],
];

function first(samples: readonly (SampleData | null)[] | null): SampleData | null {
  if (samples === null || samples.length === 0)
    throw new RangeError('first() called on vector with no elements');
  return samples[0]!;
}

function present(sample: SampleData | null): SampleData {
  if (sample === null)
    throw new TypeError('runtime error: invalid memory address or nil pointer dereference');
  return sample;
}

function labelOf(sample: SampleData | null, name: string): string {
  return present(sample).Labels.get(name) ?? '';
}

/** In place, as the original does: what the template holds is sorted too. */
function sortByLabel(
  name: string,
  samples: readonly (SampleData | null)[] | null,
): readonly (SampleData | null)[] | null {
  (samples as (SampleData | null)[] | null)?.sort((left, right) =>
    compareStrings(labelOf(left, name), labelOf(right, name)),
  );
  return samples;
}

function stripDomain(text: string): string {
  const split = splitHostPort(text);
  const host = split?.host ?? text;
  if (isIpAddress(host)) return text;
  const short = host.split('.')[0]!;
  return split === null || split.port === '' ? short : joinHostPort(short, split.port);
}

function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return fourDigits(value);
  if (Math.abs(value) < 1) return withSmallPrefix(value);
  return withPrefix(value, 1000, ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']);
}

function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return fourDigits(value);
  return withPrefix(value, 1024, ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']);
}

function withPrefix(value: number, base: number, prefixes: readonly string[]): string {
  let prefix = '';
  for (const each of prefixes) {
    if (Math.abs(value) < base) break;
    prefix = each;
    value /= base;
  }
  return fourDigits(value) + prefix;
}

function humanizeTimestamp(seconds: number): string {
  return Number.isFinite(seconds) ? formatGoTime(toTime(seconds)) : fourDigits(seconds);
}

/** In whole milliseconds, as Prometheus's times are. */
function toTime(seconds: number): Time {
  if (!Number.isFinite(seconds)) throw new RangeError('value is NaN or Inf');
  const ns = seconds * 1e9;
  if (ns > 2 ** 63 || ns < -(2 ** 63)) {
    const shown = formatFloat(seconds, 'g', -1);
    throw new RangeError(
      `${shown} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  }
  // 2^63 passes the check above, and is then the smallest integer.
  return timeOfMs(Number(BigInt.asIntN(64, BigInt(Math.trunc(ns))) / 1_000_000n));
}

function toDuration(seconds: number): bigint {
  const ns = seconds * 1e9;
  // What does not fit is what the conversion gives on the machines that Prometheus runs on.
  if (!(Math.abs(ns) < 2 ** 63)) return -(2n ** 63n);
  return BigInt(Math.trunc(ns));
}

function parseSeconds(text: string): number {
  return text.startsWith('-') ? -parseDuration(text.slice(1)) / 1000 : parseDuration(text) / 1000;
}
