import {readFileSync, statSync} from 'node:fs';
import {placeOf, parseYaml, type YamlDocument, YamlError, yamlLimits} from '../base/yaml.ts';
import {expandGlob, nodeDiscoveryFiles} from '../discovery/files.ts';
import {ConfigError} from '../model/problems.ts';

/** Files of a configuration, passed in so that tests can make them up. */
export interface ConfigFiles {
  /** Files that match a pattern of Go's filepath.Glob, sorted. Throws SyntaxError where the pattern is none. */
  expand(pattern: string): string[];
  /** Throws an Error that names the file, and ConfigError where it is not UTF-8. */
  read(file: string): string;
}

export const systemFiles: ConfigFiles = {
  expand: (pattern) => expandGlob(nodeDiscoveryFiles, pattern),
  read: readText,
};

const fileBytesMax = 64 << 20;
function readText(file: string): string {
  let bytes: Uint8Array;
  try {
    const {size} = statSync(file);
    if (size > fileBytesMax) throw new RangeError(`the file has ${size} bytes, the limit is ${fileBytesMax}`);
    bytes = readFileSync(file);
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    const known: Record<string, string> = {
      ENOENT: 'no such file or directory',
      EACCES: 'permission denied',
      EISDIR: 'is a directory',
    };
    // The cause would only say the same again.
    throw Object.assign(new Error(`open ${file}: ${known[code ?? ''] ?? message}`), {code});
  }
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
  } catch {
    const valid = new TextDecoder().decode(bytes).indexOf('\ufffd');
    const {line, column} = {line: 1, column: 1, ...(valid >= 0 && placeIn(bytes, valid))};
    throw new ConfigError(file, [{path: [], message: 'the text is not UTF-8', line, column}]);
  }
}

function placeIn(bytes: Uint8Array, offset: number): {line: number; column: number} {
  const before = new TextDecoder().decode(bytes).slice(0, offset).split('\n');
  return {line: before.length, column: before.at(-1)!.length + 1};
}

/** Reads YAML. Throws ConfigError where it is none; what else is wrong is among its problems. */
export function parseDocument(text: string, file: string): YamlDocument {
  try {
    return parseYaml(text, yamlLimits);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const place = placeOf(text, error.offset);
    throw new ConfigError(file, [{path: [], message: `yaml: ${error.message}`, ...place}]);
  }
}
