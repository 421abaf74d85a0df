import {readFileSync} from 'node:fs';
import type {FlagValues} from '../flags.ts';
import type {Output} from './output.ts';
import {enableFeature, featuresOf, flag, ignoreUnknownFields, serverFlags, type Tool} from './toolspec.ts';

/** `check …`: what is wrong with files, and with servers. */
export const checkTools: Record<string, Tool> = {
  'check config': {
    about: 'say what is wrong with configuration files, and with the files that they name',
    flags: [
      flag('syntax-only', 'switch', 'false', 'Only the files themselves, not those that they name.'),
      flag(
        'lint',
        'text',
        'duplicate-rules',
        'What to look for besides: all, duplicate-rules, too-long-scrape-interval, none.',
      ),
      flag('lint-fatal', 'switch', 'false', 'End with exit code 3 where that is found.'),
      ignoreUnknownFields,
      enableFeature,
      flag('agent', 'switch', 'false', 'As an agent reads them, which has no rules and no alerts.'),
      flag('query.lookback-delta', 'duration', '5m', 'How old samples may be that queries see.'),
    ],
    args: ['config-files...'],
    async run(flags, files, output, errors) {
      const {checkConfigs} = await import('./checkconfig.ts');
      const options = {
        files,
        syntaxOnly: flags.switch('syntax-only'),
        agent: flags.switch('agent'),
        lint: flags.text('lint'),
        lintFatal: flags.switch('lint-fatal'),
        ignoreUnknownFields: flags.switch('ignore-unknown-fields'),
        lookbackDeltaMs: flags.duration('query.lookback-delta'),
        parse: featuresOf(flags),
      };
      return checkConfigs(options, output, errors);
    },
  },
  'check web-config': {
    about: 'say what is wrong with files for --web.config.file',
    flags: [],
    args: ['web-config-files...'],
    async run(_flags, files, _output, errors) {
      const {checkWebConfig} = await import('../../http/web-config.ts');
      let code = 0;
      for (const file of files) {
        try {
          checkWebConfig(file);
          errors.write(`${file} SUCCESS\n`);
        } catch (error) {
          errors.write(`${file} FAILED: ${(error as Error).message}\n`);
          code = 1;
        }
      }
      return code;
    },
  },
  'check service-discovery': {
    about: 'find the targets of a job, and print what relabelling makes of them',
    flags: [flag('timeout', 'duration', '30s', 'How long to wait for what is found.')],
    args: ['config-file', 'job'],
    async run(flags, [file = '', job = ''], output, errors) {
      const {checkDiscovery} = await import('./checkdiscovery.ts');
      return checkDiscovery({file, job, timeoutMs: flags.duration('timeout')}, output, errors);
    },
  },
  'check metrics': {
    about: 'say what is wrong with metrics, which come from the standard input',
    flags: [
      flag('extended', 'switch', 'false', 'Print how many series each metric has.'),
      flag('lint', 'text', 'all', 'What to look for: all, none.'),
    ],
    args: [],
    async run(flags, _args, output, errors) {
      const {checkMetrics} = await import('./checkmetrics.ts');
      const body = readFileSync(0);
      return checkMetrics(
        {body, extended: flags.switch('extended'), lint: flags.text('lint')},
        output,
        errors,
      );
    },
  },
  'check healthy': {
    about: 'ask a server whether it is healthy',
    flags: serverFlags,
    args: [],
    run: (flags, _args, _output, errors) => runCheckServer(flags, '/-/healthy', errors),
  },
  'check ready': {
    about: 'ask a server whether it is ready',
    flags: serverFlags,
    args: [],
    run: (flags, _args, _output, errors) => runCheckServer(flags, '/-/ready', errors),
  },
};

async function runCheckServer(
  flags: FlagValues,
  endpoint: '/-/healthy' | '/-/ready',
  errors: Output,
): Promise<number> {
  const {checkServer} = await import('./checkserver.ts');
  const httpConfigFile = flags.text('http.config.file');
  try {
    return await checkServer({url: flags.text('url'), endpoint, httpConfigFile}, errors);
  } catch (error) {
    errors.write(`${(error as Error).message}\n`);
    return 1;
  }
}
