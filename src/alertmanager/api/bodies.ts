// Reads the bodies of requests, and refuses what the OpenAPI document does not allow in its words.
import {compareStrings} from '../../model/labels.ts';
import {Matcher, type MatchType} from '../../model/matcher.ts';
import type {HttpCall} from '../../http/server.ts';
import type {ReceivedAlert} from '../alertmanager.ts';
import type {PostedSilence} from '../silences.ts';
import {millisecondsOf, parseNs, zeroNs} from '../timestamp.ts';
import {readAlertsFast} from './alerts-body.ts';
import {ApiProblem, missing} from './problem.ts';

type Json = Record<string, unknown>;

const utf8 = new TextDecoder('utf-8', {ignoreBOM: true});

/** The JSON of a body; undefined where there is none. */
function readJson(call: HttpCall, name: string): unknown {
  return hasJson(call) ? parseJson(call, name) : undefined;
}

function hasJson(call: HttpCall): boolean {
  const given = call.header('content-type');
  if (call.body.length === 0 && given === undefined) return false;
  const [type = ''] = (given ?? 'application/octet-stream').split(';');
  if (type.trim().toLowerCase() !== 'application/json')
    throw new ApiProblem(
      415,
      `unsupported media type ${JSON.stringify(given ?? type)}, only [application/json] are allowed`,
      415,
    );
  return call.body.length > 0;
}

function parseJson(call: HttpCall, name: string): unknown {
  try {
    return JSON.parse(utf8.decode(call.body));
  } catch (error) {
    throw unreadable(name, (error as Error).message);
  }
}

function unreadable(name: string, why: string): ApiProblem {
  return new ApiProblem(400, `parsing ${name} body from "" failed, because ${why}`, 400);
}

function wrongType(name: string, value: unknown, field: string, type: string): ApiProblem {
  const kind = Array.isArray(value)
    ? 'array'
    : ({boolean: 'bool', object: 'object'}[typeof value as string] ?? typeof value);
  return unreadable(name, `json: cannot unmarshal ${kind} into Go struct field ${field} of type ${type}`);
}

/** Body of POST /alerts. The alerts are to be taken before the next body is read. */
export function readAlerts(call: HttpCall): Iterable<ReceivedAlert> {
  if (!hasJson(call)) throw missing('alerts');
  const fast = readAlertsFast(call.body, {readTime: (text) => readTime(text, 'alerts'), isUrl});
  if (fast !== null) return fast;
  const json = parseJson(call, 'alerts');
  if (json === null) return [];
  if (!Array.isArray(json))
    throw unreadable(
      'alerts',
      `json: cannot unmarshal ${typeof json} into Go value of type models.PostableAlerts`,
    );
  return json.map((each: unknown, index) => readAlert(each, index));
}

function readAlert(json: unknown, index: number): ReceivedAlert {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw wrongType('alerts', json, 'PostableAlert', 'models.Alert');
  const {labels, annotations, startsAt, endsAt, generatorURL} = json as Json;
  if (labels === undefined || labels === null) throw missing(`${index}.labels`);
  return {
    labels: readLabels(labels, 'labels'),
    annotations: readAnnotations(annotations),
    startsAtMs: readTime(startsAt, 'alerts'),
    endsAtMs: readTime(endsAt, 'alerts'),
    generatorUrl: readUrl(generatorURL, index),
  };
}

/** Without empty values. */
function readLabels(json: unknown, field: string): readonly string[] {
  return flatten(readPairs(json, field), false);
}

function readAnnotations(json: unknown): readonly string[] {
  if (json === undefined || json === null) return [];
  return flatten(readPairs(json, 'annotations'), true);
}

/** `[name, value, …]` by name. */
function flatten(record: Readonly<Record<string, string | null>>, withEmpty: boolean): string[] {
  const names = Object.keys(record);
  for (let i = 1; i < names.length; i++) {
    if (compareStrings(names[i - 1]!, names[i]!) < 0) continue;
    names.sort(compareStrings);
    break;
  }
  const pairs: string[] = [];
  for (let i = 0; i < names.length; i++) {
    const value = record[names[i]!] ?? '';
    if (withEmpty || value !== '') pairs.push(names[i]!, value);
  }
  return pairs;
}

/** Texts by name; null counts as ''. */
function readPairs(json: unknown, field: string): Record<string, string | null> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw wrongType('alerts', json, `Alert.${field}`, 'models.LabelSet');
  const record = json as Json;
  for (const name of Object.keys(record)) {
    const value = record[name];
    if (typeof value !== 'string' && value !== null)
      throw wrongType('alerts', value, `Alert.${field}.${name}`, 'string');
  }
  return record as Record<string, string | null>;
}

/** Null where nothing, or Go's zero time, is said. */
export function readTime(json: unknown, name: string): number | null {
  // Fast path: as Prometheus writes it.
  if (typeof json === 'string' && json.length === 24 && json.endsWith('Z')) {
    const ms = Date.parse(json);
    if (!Number.isNaN(ms) && ms > 0) return ms;
  }
  const ns = readNs(json, name);
  return ns === zeroNs ? null : millisecondsOf(ns);
}

function readNs(json: unknown, name: string): bigint {
  if (json === undefined || json === null) return zeroNs;
  if (typeof json !== 'string') throw unreadable(name, `${JSON.stringify(json)} is no time`);
  try {
    return parseNs(json);
  } catch (error) {
    throw unreadable(name, (error as Error).message);
  }
}

function readUrl(json: unknown, index: number): string {
  if (json === undefined || json === null || json === '') return '';
  if (typeof json !== 'string') throw wrongType('alerts', json, 'PostableAlert.generatorURL', 'strfmt.URI');
  if (!isUrl(json))
    throw new ApiProblem(
      422,
      `${index}.generatorURL in body must be of type uri: ${JSON.stringify(json)}`,
      601,
    );
  return json;
}

/** As Go's url.ParseRequestURI: absolute, or a path. */
export function isUrl(text: string): boolean {
  return /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)/.test(text) && !/[\0-\x20\x7f]/.test(text);
}

/** Body of POST /silences. */
export function readSilence(call: HttpCall): PostedSilence {
  const json = readJson(call, 'silence');
  if (json === undefined || json === null) throw missing('silence');
  if (typeof json !== 'object' || Array.isArray(json)) throw unreadable('silence', 'it is no object');
  const fields = json as Json;
  const comment = readText(fields, 'comment');
  const createdBy = readText(fields, 'createdBy');
  const endsAtNs = readRequiredTime(fields, 'endsAt');
  const matchers = readMatchers(fields['matchers']);
  const startsAtNs = readRequiredTime(fields, 'startsAt');
  const annotations = fields['annotations'] ?? {};
  const id = fields['id'] ?? '';
  if (typeof id !== 'string') throw wrongType('silence', id, 'PostableSilence.id', 'string');
  return {
    id,
    matcherSets: [matchers],
    startsAtNs,
    endsAtNs,
    createdBy,
    comment,
    annotations: new Map(
      Object.entries(readPairs(annotations, 'annotations')).map(([name, value]) => [name, value ?? '']),
    ),
  };
}

function readText(fields: Json, name: string): string {
  const value = fields[name];
  if (value === undefined || value === null) throw missing(name);
  if (typeof value !== 'string') throw wrongType('silence', value, `PostableSilence.${name}`, 'string');
  return value;
}

function readRequiredTime(fields: Json, name: string): bigint {
  const value = fields[name];
  if (value === undefined || value === null) throw missing(name);
  return readNs(value, 'silence');
}

function readMatchers(json: unknown): Matcher[] {
  if (json === undefined || json === null) throw missing('matchers');
  if (!Array.isArray(json)) throw wrongType('silence', json, 'Silence.matchers', 'models.Matchers');
  if (json.length === 0) throw new ApiProblem(422, 'matchers in body should have at least 1 items', 612);
  return json.map((each: unknown, index) => readMatcher(each, index));
}

function readMatcher(json: unknown, index: number): Matcher {
  if (typeof json !== 'object' || json === null)
    throw wrongType('silence', json, 'Matcher', 'models.Matcher');
  const {name, value, isRegex, isEqual = true} = json as Json;
  for (const [field, content] of Object.entries({isRegex, name, value}))
    if (content === undefined || content === null) throw missing(`matchers.${index}.${field}`);
  if (typeof name !== 'string') throw wrongType('silence', name, 'Matcher.name', 'string');
  if (typeof value !== 'string') throw wrongType('silence', value, 'Matcher.value', 'string');
  if (typeof isRegex !== 'boolean') throw wrongType('silence', isRegex, 'Matcher.isRegex', 'bool');
  const equal = isEqual === null ? true : isEqual;
  if (typeof equal !== 'boolean') throw wrongType('silence', equal, 'Matcher.isEqual', 'bool');
  const type: MatchType = isRegex ? (equal ? '=~' : '!~') : equal ? '=' : '!=';
  try {
    return new Matcher(type, name, value);
  } catch (cause) {
    const why = `invalid regular expression ${JSON.stringify(value)}: ${(cause as Error).message}`;
    throw new ApiProblem(400, `invalid silence: invalid label matcher ${index} in set 0: ${why}`);
  }
}
