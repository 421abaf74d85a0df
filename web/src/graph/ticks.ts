// Labels of the axes. The labels of one axis share a scale (all in MiB, all in ms) and have just as many digits as it
// takes to tell them apart.
import {formatDuration} from '../../../src/model/duration.ts';
import {datePartsOf, formatClock, formatDate, type TimeZone} from '../format/time.ts';
import type {Unit} from '../format/unit.ts';

interface Scale {
  factor: number;
  sign: string;
}

const siScales: readonly Scale[] = [
  {factor: 1e18, sign: 'E'},
  {factor: 1e15, sign: 'P'},
  {factor: 1e12, sign: 'T'},
  {factor: 1e9, sign: 'G'},
  {factor: 1e6, sign: 'M'},
  {factor: 1e3, sign: 'k'},
];
const byteScales: readonly Scale[] = ['EiB', 'PiB', 'TiB', 'GiB', 'MiB', 'KiB'].map((sign, index) => ({
  factor: 1024 ** (6 - index),
  sign: ` ${sign}`,
}));
const secondScales: readonly Scale[] = [
  {factor: 1, sign: ' s'},
  {factor: 1e-3, sign: ' ms'},
  {factor: 1e-6, sign: ' µs'},
  {factor: 1e-9, sign: ' ns'},
];

/** Steps between ticks of a time axis in seconds. */
const clockSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];

/** The steps between ticks that suit a unit; undefined for the chart's own (1, 2, 2.5 and 5 times a power of ten). */
export function tickSteps(unit: Unit): number[] | undefined {
  switch (unit) {
    case 'bytes':
    case 'bytesPerSecond':
      return Array.from({length: 71}, (_, power) => 2 ** (power - 4));
    case 'seconds': {
      const fractions = Array.from({length: 9}, (_, power) =>
        [1, 2, 5].map((digit) => digit * 10 ** (power - 9)),
      );
      const days = Array.from({length: 15}, (_, power) => 86_400 * 2 ** (power + 1));
      return [...fractions.flat(), ...clockSteps, ...days];
    }
    case 'none':
      return undefined;
  }
}

/** Labels for the ticks of a value axis. */
export function formatTicks(ticks: readonly number[], unit: Unit): string[] {
  const size = Math.max(0, ...ticks.map(Math.abs));
  switch (unit) {
    case 'bytes':
      return scaledTicks(ticks, scaleFor(size, byteScales, {factor: 1, sign: ' B'}));
    case 'bytesPerSecond': {
      const {factor, sign} = scaleFor(size, byteScales, {factor: 1, sign: ' B'});
      return scaledTicks(ticks, {factor, sign: `${sign}/s`});
    }
    case 'seconds':
      if (size >= 120 && ticks.every(Number.isInteger))
        return ticks.map((tick) => formatDuration(tick * 1000));
      return scaledTicks(ticks, scaleFor(size, secondScales, {factor: 1, sign: ' s'}));
    case 'none':
      // From 10 k on: 2000 is as easily read as 2 k, and may be a year or a port.
      return scaledTicks(
        ticks,
        size < 10_000 ? {factor: 1, sign: ''} : scaleFor(size, siScales, {factor: 1, sign: ''}),
      );
  }
}

function scaleFor(size: number, scales: readonly Scale[], smallest: Scale): Scale {
  return scales.find(({factor}) => size >= factor) ?? smallest;
}

function scaledTicks(ticks: readonly number[], {factor, sign}: Scale): string[] {
  const scaled = ticks.map((tick) => tick / factor);
  const size = Math.max(0, ...scaled.map(Math.abs));
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    // Out of reach of every sign.
    return ticks.map((tick) => (tick === 0 ? '0' : tick.toExponential(2).replace(/\.?0+e/, 'e')));
  }
  const digits = digitsFor(scaled);
  return scaled.map((value) => (value === 0 ? '0' : `${value.toFixed(digits)}${sign}`));
}

/** How many digits after the point it takes to write all values without changing them (but for rounding errors). */
function digitsFor(values: readonly number[]): number {
  const size = Math.max(...values.map(Math.abs));
  for (let digits = 0; digits < 8; digits++) {
    const scale = 10 ** digits;
    if (values.every((value) => Math.abs(Math.round(value * scale) / scale - value) < size * 1e-9))
      return digits;
  }
  return 8;
}

/**
 * Labels for the ticks of a time axis, in seconds since 1970: the clock, and below it the date at the first tick and
 * where the day changes; only the date where ticks are days apart.
 */
export function formatTimeTicks(ticks: readonly number[], zone: TimeZone): string[] {
  const stepSeconds = ticks.length > 1 ? ticks[1]! - ticks[0]! : 60;
  const parts = ticks.map((tick) => datePartsOf(Math.round(tick * 1000), zone));
  const dates = parts.map(formatDate);
  if (stepSeconds >= 86_400) return dates;
  return parts.map((part, index) => {
    const clock = formatClock(part, stepSeconds < 60);
    return index === 0 || dates[index] !== dates[index - 1] ? `${clock}\n${dates[index]!}` : clock;
  });
}
