// How a receiver's section is shown: as Alertmanager's own structures write it.
import {sortedMap, type YamlMap, type YamlValue} from '../../base/yaml-write.ts';
import {hiddenSecret} from '../fields.ts';
import {type PlainValue, yamlOfPlain} from './plain-value.ts';

export interface LineOptions {
  /** Names of fields in their order, where some may be missing in `fields`; by default theirs. */
  readonly order?: readonly string[];
  /** Fields that are shown even where they say nothing. */
  readonly always?: readonly string[];
  readonly secrets?: readonly string[];
  /** Lines to show instead of a field's own. */
  readonly replaced?: Readonly<Record<string, YamlValue | undefined>>;
}

/** Lines of a section in the order of `fields`, which is that of its shape. */
export function linesOfSection(
  fields: Readonly<Record<string, unknown>>,
  {order = Object.keys(fields), always = [], secrets = [], replaced = {}}: LineOptions,
): YamlMap {
  const lines: YamlMap = new Map();
  for (const name of order) {
    const value = fields[name];
    if (name in replaced) {
      const line = replaced[name];
      if (line !== undefined) lines.set(name, line);
    } else if (always.includes(name) || !saysNothing(value))
      lines.set(name, secrets.includes(name) && value !== '' ? hiddenSecret : yamlOf(value));
  }
  return lines;
}

function saysNothing(value: unknown): boolean {
  if (!value) return true;
  if (Array.isArray(value)) return value.length === 0;
  return value instanceof Map && value.size === 0;
}

function yamlOf(value: unknown): YamlValue {
  if (Array.isArray(value)) return value.map(yamlOf);
  if (value instanceof Map)
    return sortedMap(new Map([...value].map(([key, each]) => [key as string, yamlOf(each)])));
  if (typeof value !== 'object' || value === null) return yamlOfPlain(value as PlainValue);
  // `false` is shown where it was written: such fields are undefined otherwise.
  const fields = Object.entries(value).filter(([, each]) => each === false || !saysNothing(each));
  return new Map(fields.map(([key, each]) => [key, yamlOf(each)]));
}
