// Lists of target groups as file_sd and http_sd read them: [{"targets": ["host:port"], "labels": {"name": "value"}}].

import * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import {isNullNode} from '../base/yaml-resolve.ts';
import {sortedMap, type YamlMap} from '../base/yaml-write.ts';
import {parseYaml, placeOf} from '../base/yaml.ts';
import type {Complain} from '../http/client-config.ts';
import {labelSet, list, section, text as textField} from '../model/fields.ts';
import type {TargetGroup} from './targetgroup.ts';

/** A static_config, which is also what stands in a file. `empty` is the complaint where it says nothing. */
export function targetGroupFields(empty: string): z.ZodType<TargetGroupFields> {
  return section(() => ({targets: list(textField).default([]), labels: labelSet.default(new Map())}), empty);
}

export interface TargetGroupFields {
  targets: string[];
  labels: Map<string, string>;
}

/** A group of addresses. */
export function targetGroupOf(source: string, {targets, labels}: TargetGroupFields): TargetGroup {
  return {
    source,
    targets: targets.map((target) => ({__address__: target})),
    labels: Object.fromEntries(labels),
  };
}

/** A group as it is shown. */
export function documentOfGroup({targets, labels}: TargetGroupFields): YamlMap {
  const document: YamlMap = new Map([['targets', targets]]);
  if (labels.size > 0) document.set('labels', sortedMap(labels));
  return document;
}

/** A URL where an address belongs is a common mistake; relabelling may make an address of it, though. */
export function checkStaticTargets(groups: readonly TargetGroupFields[], complain: Complain): void {
  for (const [group, {targets}] of groups.entries()) {
    for (const [index, target] of targets.entries()) {
      if (!target.includes('/')) continue;
      const hint = 'it is host:port; use scheme and metrics_path for the rest of a URL';
      complain(
        ['static_configs', group, 'targets', index],
        `${quoteGo(target)} is not a valid hostname (${hint})`,
      );
    }
  }
}

const nilGroup = 'nil target group item found';
const yamlFields = list(targetGroupFields(nilGroup), 'a list of target groups');

/** Reads YAML. Throws SyntaxError, with line and column. */
export function parseYamlTargets(text: string): TargetGroupFields[] {
  const {root, problems} = parseYaml(text);
  const problem = problems[0];
  if (problem !== undefined) throw new SyntaxError(at(text, problem.offset, problem.message));
  if (root === null || isNullNode(root)) return [];
  const read = yamlFields.safeParse(root);
  if (read.success) return read.data;
  const {path, message} = read.error.issues[0]!;
  let node = root;
  for (const step of path) {
    if (node.kind === 'sequence') node = node.items[Number(step)] ?? node;
    else if (node.kind === 'mapping') node = node.entries.find(({key}) => key === step)?.value ?? node;
  }
  throw new SyntaxError(at(text, node.offset, message));
}

function at(text: string, offset: number, message: string): string {
  const {line, column} = placeOf(text, offset);
  return `yaml: line ${line}, column ${column}: ${message}`;
}

/** Reads JSON. Throws SyntaxError. */
export function parseJsonTargets(text: string): TargetGroupFields[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`json: ${(cause as Error).message}`, {cause});
  }
  if (list === null) return [];
  if (!Array.isArray(list)) throw mismatch(list, 'a list of target groups');
  return list.map(jsonGroupOf);
}

function jsonGroupOf(item: unknown): TargetGroupFields {
  if (item === null) throw new SyntaxError(nilGroup);
  if (!isRecord(item)) throw mismatch(item, 'a target group');
  for (const key of Object.keys(item)) {
    if (key !== 'targets' && key !== 'labels')
      throw new SyntaxError(`json: unknown field ${JSON.stringify(key)}`);
  }
  const targets = item['targets'] ?? [];
  if (!Array.isArray(targets)) throw mismatch(targets, 'a list of targets');
  const labels = item['labels'] ?? {};
  if (!isRecord(labels)) throw mismatch(labels, 'labels');
  return {
    targets: targets.map((target: unknown) => stringOf(target, 'a target')),
    labels: new Map(
      Object.entries(labels).map(([name, value]) => {
        if (name === '') throw new SyntaxError('"" is not a valid label name');
        return [name, stringOf(value, `the label ${JSON.stringify(name)}`)];
      }),
    ),
  };
}

/** As in Go, null is nothing. */
function stringOf(value: unknown, what: string): string {
  if (value === null) return '';
  if (typeof value !== 'string') throw mismatch(value, what);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mismatch(value: unknown, what: string): SyntaxError {
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new SyntaxError(`json: cannot unmarshal ${type} into ${what}`);
}
