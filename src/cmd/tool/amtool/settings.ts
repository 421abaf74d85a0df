// Flags that all commands of amtool have, and the file in which people keep their values.
import {readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {resolveScalar} from '../../../base/yaml-resolve.ts';
import {parseYaml, yamlLimits} from '../../../base/yaml.ts';
import {type FlagSpec, FlagError} from '../../flags.ts';
import {flag} from '../toolspec.ts';

export const commonFlags: readonly FlagSpec[] = [
  flag('alertmanager.url', 'text', '', 'Where the Alertmanager is.'),
  flag('output', 'text', 'simple', 'How to print: simple, extended, json.', {
    short: 'o',
    choices: ['simple', 'extended', 'json'],
  }),
  flag('date.format', 'text', '2006-01-02 15:04:05 MST', "Layout of dates, as Go's."),
  flag('timeout', 'duration', '30s', 'Longest time for the command.'),
  flag('http.config.file', 'text', '', 'File with an http_config for the connection.'),
  flag('verbose', 'switch', 'false', 'Accepted for compatibility.', {short: 'v'}),
  flag('version-check', 'switch', 'true', 'Accepted for compatibility.'),
  flag('enable-feature', 'texts', '', 'classic-mode or utf8-strict-mode for matchers.'),
];

/** Where the file may be: the user's, then the machine's; Debian has them elsewhere. */
function filesOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  const home = join(environment['HOME'] ?? homedir(), '.config');
  return [
    join(home, 'amtool/config.yml'),
    join(home, 'prometheus/amtool.yml'),
    '/etc/amtool/config.yml',
    '/etc/prometheus/amtool.yml',
  ];
}

const olderNames: Readonly<Record<string, string>> = {comment_required: 'require-comment'};

/** The flags with the defaults that the files give them. */
export function withSettings(
  specs: readonly FlagSpec[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): FlagSpec[] {
  const settings = new Map<string, string>();
  for (const file of filesOf(environment)) {
    const read = settingsOf(file);
    for (const [name, value] of read) {
      const newer = olderNames[name];
      if (newer !== undefined && read.has(newer)) continue;
      const key = newer ?? name;
      if (!settings.has(key)) settings.set(key, value);
    }
  }
  return specs.map((spec) => ({...spec, initial: settings.get(spec.name) ?? spec.initial}));
}

function settingsOf(file: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return new Map();
  }
  const {root} = parseYaml(text, yamlLimits);
  if (root === null) return new Map();
  if (root.kind !== 'mapping') throw new FlagError(`could not load config file: ${file} is no mapping`, 1);
  return new Map(
    root.entries.map(({key, value}) => {
      if (value.kind !== 'scalar')
        throw new FlagError(`could not load config file: ${file}: ${key} is no text`, 1);
      const {value: resolved} = resolveScalar(value);
      return [key, typeof resolved === 'boolean' ? String(resolved) : value.text];
    }),
  );
}
