// The functions of Alertmanager's templates.
import {unescapeQuery} from '../exec/escape.ts';
import {sharedFunctions, titleCase} from '../functions.ts';
import {urlType} from '../html/content.ts';
import {marshalJson} from '../json.ts';
import {
  durationType,
  loadLocation,
  parseTime,
  subtractTimes,
  type Time,
  timeType,
  utc,
  zeroTime,
} from '../time.ts';
import {anyType, goFunction, type GoFunction, mapOf, sliceOf, stringType, variadicFunction} from '../type.ts';
import type {Value} from '../value.ts';
import {decodeBase64, encodeBase64} from './base64.ts';
import {joinTexts} from './join.ts';

export interface FunctionOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The text of a label of the route. */
  readonly routeLabel: (name: string) => string;
}

export function alertmanagerFunctions(options: FunctionOptions): ReadonlyMap<string, GoFunction> {
  const now = (): Time => ({
    ns: BigInt(Math.trunc(options.now())) * 1_000_000n,
    location: loadLocation('Local'),
  });
  return new Map([
    ...sharedFunctions,
    ...constantFunctions,
    ['now', goFunction([], timeType, now)],
    ['since', goFunction([timeType], durationType, (time) => subtractTimes(now(), time))],
    ['routeLabels', goFunction([stringType], stringType, options.routeLabel)],
  ] as [string, GoFunction][]);
}

const listType = sliceOf(anyType);

const constantFunctions: readonly (readonly [string, GoFunction])[] = [
  ['title', goFunction([stringType], stringType, (text) => titleCase(text, true))],
  ['trimSpace', goFunction([stringType], stringType, trimSpace)],
  [
    'join',
    goFunction([stringType, sliceOf(stringType)], stringType, (separator, texts) =>
      joinTexts(texts, separator),
    ),
  ],
  ['safeUrl', goFunction([stringType], urlType, (text) => text)],
  ['urlUnescape', goFunction([stringType], stringType, unescapeQuery)],
  [
    'stringSlice',
    variadicFunction([], stringType, sliceOf(stringType), (...texts) => (texts.length === 0 ? null : texts)),
  ],
  [
    'date',
    goFunction(
      [stringType, timeType],
      stringType,
      (layout, time) => timeType.methods.get('Format')!.call(time, layout) as string,
    ),
  ],
  ['tz', goFunction([stringType, timeType], timeType, (zone, {ns}) => ({ns, location: loadLocation(zone)}))],
  ['toDate', goFunction([stringType, stringType], timeType, toDate)],
  [
    'mustToDate',
    goFunction([stringType, stringType], timeType, (layout, text) => parseTime(layout, text, utc)),
  ],
  ['toJson', goFunction([anyType], stringType, marshalJson)],
  ['base64encode', goFunction([stringType], stringType, encodeBase64)],
  ['base64decode', goFunction([stringType], stringType, decodeBase64)],
  ['list', variadicFunction([], anyType, listType, (...items) => items)],
  [
    'append',
    variadicFunction([listType], anyType, listType, (list, ...items) => [...(list ?? []), ...items]),
  ],
  ['dict', variadicFunction([], anyType, mapOf(stringType, anyType), (...items) => dict(items))],
];

const space = '[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const leadingSpace = new RegExp(`^${space}+`);

/** strings.TrimSpace */
function trimSpace(text: string): string {
  const start = leadingSpace.exec(text)?.[0].length ?? 0;
  let end = text.length;
  while (end > start && leadingSpace.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function toDate(layout: string, text: string): Time {
  try {
    return parseTime(layout, text, utc);
  } catch (error) {
    if (error instanceof SyntaxError) return zeroTime;
    throw error;
  }
}

function dict(items: readonly (Value | null)[]): ReadonlyMap<string, Value | null> {
  if (items.length % 2 !== 0) throw new TypeError('dict requires an even number of arguments');
  const map = new Map<string, Value | null>();
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i];
    if (key?.type !== stringType) throw new TypeError('dict keys must be strings');
    map.set(key.data as string, items[i + 1]!);
  }
  return map;
}
