import {readFileSync} from 'node:fs';
import {type AlertmanagerConfig, parseConfig} from '../../../alertmanager/config.ts';
import type {FlagValues} from '../../flags.ts';
import {readTextFile} from '../../textfile.ts';
import type {Output} from '../output.ts';
import {matcherParserOf} from './matchers.ts';
import {templatesOf} from './render.ts';

const standardInput = 0;

/** `check-config`: gives the exit code. Throws where one of the files cannot be used. */
export function checkConfigs(flags: FlagValues, files: readonly string[], output: Output): number {
  let failed = 0;
  for (const file of files.length === 0 ? ['/dev/stdin'] : files) {
    output.write(`Checking '${file}'`);
    try {
      const content = files.length === 0 ? readFileSync(standardInput, 'utf8') : readTextFile(file);
      const config = parseConfig(content, {file, parser: matcherParserOf(flags)});
      output.write('  SUCCESS\n');
      if (!describe(config, output)) failed++;
    } catch (error) {
      output.write(`  FAILED: ${(error as Error).message}\n`);
      failed++;
    }
    output.write('\n');
  }
  if (failed > 0) throw new Error(`failed to validate ${failed} file(s)`);
  return 0;
}

/** Whether the templates are good, too. */
function describe(config: AlertmanagerConfig, output: Output): boolean {
  output.write(
    [
      'Found:',
      ' - global config',
      ' - route',
      ` - ${config.inhibitRules.length} inhibit rules`,
      ` - ${config.receivers.length} receivers`,
      ` - ${config.templates.length} templates`,
      '',
    ].join('\n'),
  );
  if (config.templates.length === 0) return true;
  try {
    templatesOf(config.templates);
    output.write('  SUCCESS\n');
    return true;
  } catch (error) {
    output.write(`  FAILED: ${(error as Error).message}\n`);
    return false;
  }
}
