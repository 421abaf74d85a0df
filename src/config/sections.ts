// The sections runtime and storage.

import type * as z from 'zod';
import type {YamlMap} from '../base/yaml-write.ts';
import {choice, duration, float, integer, optionalSection, section, size} from '../model/fields.ts';
import {linesOf} from '../http/config-parts.ts';
import {quoteGo} from '../base/quote.ts';
import {formatDuration} from '../model/duration.ts';
import {formatSize} from '../model/size.ts';

/** Settings of Go's runtime: accepted for what they are there. */
export const runtimeFields = section(() => ({gogc: integer.default(75)}));

const tsdbFields = section(() => ({
  // The window in milliseconds, which Prometheus shows, and so reads, too; it has no effect.
  outofordertimewindow: integer.default(0),
  out_of_order_time_window: duration.default(0),
  stale_series_compaction_threshold: float.default(0),
  chunk_encoding: optionalSection(
    section(() => ({
      floats: choice(
        ['', 'xor', 'xor2'],
        (wrong) =>
          `'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, got ${quoteGo(wrong)}`,
      ).default(''),
    })),
  ).default(null),
  retention: optionalSection(
    section(() => ({
      time: duration.default(0),
      size: size
        .refine((bytes) => bytes >= 0, {
          error: ({input}) =>
            `'storage.tsdb.retention.size' must be greater than or equal to 0, got ${formatSize(input as number)}`,
        })
        .default(0),
      percentage: float
        .refine((percentage) => percentage >= 0 && percentage <= 100, {
          error: ({input}) =>
            `'storage.tsdb.retention.percentage' must be in the range [0, 100], got ${input as number}`,
        })
        .default(0),
    })),
  ).default(null),
}));

export const storageFields = section(() => ({
  tsdb: optionalSection(tsdbFields).default(null),
  // As in Prometheus, without effect unless exemplar storage is enabled.
  exemplars: optionalSection(section(() => ({max_exemplars: integer.default(0)}))).default(null),
}));

export function documentOfStorage(
  fields: z.output<typeof storageFields> | null,
  retention: {timeMs: number; bytes: number; percentage: number},
): YamlMap {
  const window = fields?.tsdb?.out_of_order_time_window ?? 0;
  const tsdb: YamlMap = new Map([['outofordertimewindow', window]]);
  if (window !== 0) tsdb.set('out_of_order_time_window', formatDuration(window));
  const threshold = fields?.tsdb?.stale_series_compaction_threshold ?? 0;
  if (threshold !== 0) tsdb.set('stale_series_compaction_threshold', threshold);
  const floats = fields?.tsdb?.chunk_encoding?.floats ?? '';
  if (floats !== '') tsdb.set('chunk_encoding', new Map([['floats', floats]]));
  const limits: YamlMap = new Map();
  if (retention.timeMs !== 0) limits.set('time', formatDuration(retention.timeMs));
  if (retention.bytes !== 0) limits.set('size', formatSize(retention.bytes));
  if (retention.percentage !== 0) limits.set('percentage', retention.percentage);
  tsdb.set('retention', limits);
  const document: YamlMap = new Map([['tsdb', tsdb]]);
  const exemplars = fields?.exemplars ?? null;
  if (exemplars !== null) document.set('exemplars', linesOf({max_exemplars: exemplars.max_exemplars || ''}));
  return document;
}
