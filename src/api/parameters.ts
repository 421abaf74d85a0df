// Parameters that several endpoints share, with the words of Prometheus where they are wrong.

import {quoteGo} from '../base/quote.ts';
import type {Form} from '../http/form.ts';
import {parseDurationParameter, parseTimestamp, timeMaxMs, timeMinMs} from '../model/timestamp.ts';
import {ApiError, invalidParameter} from './envelope.ts';

/** Calls `parse` and turns its SyntaxError into a 400 that names the parameter. */
export function parameter<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw invalidParameter(name, (cause as Error).message);
  }
}

/** A whole number as Go's strconv.Atoi reads it. Throws SyntaxError. */
export function parseInteger(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new SyntaxError(`strconv.Atoi: parsing ${quoteGo(text)}: invalid syntax`);
  }
  const big = BigInt(text);
  if (big > 2n ** 63n - 1n || big < -(2n ** 63n)) {
    throw new SyntaxError(`strconv.Atoi: parsing ${quoteGo(text)}: value out of range`);
  }
  return Number(big);
}

/** `limit`; 0 = none. */
export function limitParameter(form: Form): number {
  const text = form.get('limit');
  if (text === '') return 0;
  return parameter('limit', () => {
    const limit = parseInteger(text);
    if (limit < 0) throw new SyntaxError('limit must be non-negative');
    return Math.min(limit, Number.MAX_SAFE_INTEGER);
  });
}

/** A time that must be there. */
export function timeParameter(form: Form, name: string): number {
  return parameter(name, () => parseTimestamp(form.get(name)));
}

/** A time that may be left out. */
export function optionalTimeParameter(form: Form, name: string, initial: number): number {
  const text = form.get(name);
  if (text === '') return initial;
  return parameter(name, () => {
    try {
      return parseTimestamp(text);
    } catch (cause) {
      throw new SyntaxError(`invalid time value for '${name}': ${(cause as Error).message}`, {cause});
    }
  });
}

/** `start` and `end` of the lookups of labels and series. */
export function timeRangeParameters(form: Form): {startMs: number; endMs: number} {
  const startMs = optionalTimeParameter(form, 'start', timeMinMs);
  const endMs = optionalTimeParameter(form, 'end', timeMaxMs);
  return {startMs, endMs};
}

/** `timeout` in milliseconds; 0 = none. A timeout of nothing is over at once, as near as a timer comes to it. */
export function timeoutParameter(form: Form): number {
  const text = form.get('timeout');
  if (text === '') return 0;
  return Math.max(1, Math.trunc(parameter('timeout', () => parseDurationParameter(text))));
}

/** `lookback_delta`; undefined = the server's. */
export function lookbackParameter(form: Form): number | undefined {
  const text = form.get('lookback_delta');
  if (text === '') return undefined;
  try {
    const ms = parseDurationParameter(text);
    return ms > 0 ? Math.max(1, Math.trunc(ms)) : undefined;
  } catch (cause) {
    throw new ApiError('bad_data', `error parsing lookback delta duration: ${(cause as Error).message}`);
  }
}

/** A number that may have any value; `initial` where it is left out. */
export function plainNumberParameter(form: Form, name: string, initial: number): number {
  const text = form.get(name);
  if (text === '') return initial;
  try {
    return parseInteger(text);
  } catch {
    throw new ApiError('bad_data', `${name} must be a number`);
  }
}
