// `narthex tool …`: what promtool and amtool do, under their names.
import {parseTimestamp} from '../../model/timestamp.ts';
import {createLogger} from '../../sys/log.ts';
import {FlagError, type FlagSpec, FlagValues, splitFlags} from '../flags.ts';
import {amtools, withLeadingFlagsLast} from './amtool/commands.ts';
import {checkTools} from './checktools.ts';
import {BufferedOutput, type Output} from './output.ts';
import {enableFeature, featuresOf, flag, ignoreUnknownFields, serverFlags, type Tool} from './toolspec.ts';

const defaultPath = 'data/';

const humanReadable = flag('human-readable', 'switch', 'false', 'Print times and sizes for people.', {
  short: 'r',
});

const longestBlock = flag('max-block-duration', 'duration', '2h', 'Longest block.', {hidden: true});

const dumpFlags: readonly FlagSpec[] = [
  flag(
    'sandbox-dir-root',
    'text',
    '',
    'Where the log is copied to before it is read; by default the data folder.',
  ),
  flag('min-time', 'integer', '-9223372036854775808', 'First time, in milliseconds.'),
  flag('max-time', 'integer', '9223372036854775807', 'Last time, in milliseconds.'),
  flag('match', 'texts', "{__name__=~'(?s:.*)'}", 'Which series to print; may be repeated.'),
];

const tools: Record<string, Tool> = {
  ...checkTools,
  ...amtools,
  'check rules': {
    about: 'say what is wrong with rule files',
    flags: [
      flag('lint', 'text', 'duplicate-rules', 'What to look for besides: all, duplicate-rules, none.'),
      flag('lint-fatal', 'switch', 'false', 'End with exit code 3 where that is found.'),
      ignoreUnknownFields,
      enableFeature,
    ],
    args: ['[rule-files...]'],
    async run(flags, files, output, errors) {
      const {checkRules} = await import('./checkrules.ts');
      const options = {
        files,
        lint: flags.text('lint'),
        lintFatal: flags.switch('lint-fatal'),
        ignoreUnknownFields: flags.switch('ignore-unknown-fields'),
        parse: featuresOf(flags),
      };
      return checkRules(options, output, errors);
    },
  },
  'test rules': {
    about: 'run unit tests of rules',
    flags: [
      flag(
        'run',
        'texts',
        '',
        'Only groups of tests whose names match the regular expression; may be repeated.',
      ),
      flag('debug', 'switch', 'false', 'Tell what is done, and print all samples at the end.'),
      flag('diff', 'switch', 'false', 'Print what differs, in colours.'),
      flag('junit', 'text', '', 'File to write the results to, as JUnit XML.'),
      ignoreUnknownFields,
      enableFeature,
    ],
    args: ['test-rule-file...'],
    async run(flags, files, output, errors) {
      const {testRules} = await import('./testrules.ts');
      const options = {
        files,
        run: flags.texts('run').filter((text) => text !== ''),
        debug: flags.switch('debug'),
        diff: flags.switch('diff'),
        ignoreUnknownFields: flags.switch('ignore-unknown-fields'),
        junit: flags.text('junit'),
        features: featuresOf(flags),
      };
      return testRules(options, output, errors);
    },
  },
  'tsdb bench write': {
    about: 'append as fast as it goes, and say how fast that was',
    flags: [
      flag('out', 'text', 'benchout', 'Folder of the database and of profiles.'),
      flag('metrics', 'integer', '10000', 'How many series to read.'),
      flag('scrapes', 'integer', '3000', 'How many scrapes to append.'),
    ],
    args: ['[file]'],
    async run(flags, [file = '../../tsdb/testdata/20kseries.json'], output) {
      const {benchmarkWrite} = await import('./tsdbbench.ts');
      await benchmarkWrite(
        {
          out: flags.text('out'),
          file,
          metrics: flags.integer('metrics'),
          scrapes: flags.integer('scrapes'),
          log: {level: 'info', format: 'logfmt'},
        },
        output,
      );
      return 0;
    },
  },
  schema: {
    about: 'print the JSON Schema of the configuration file, for editors',
    flags: [],
    args: [],
    async run(_flags, _args, output) {
      const {configJsonSchemaText} = await import('../../config/json-schema.ts');
      output.write(configJsonSchemaText());
      return 0;
    },
  },
  'tsdb list': {
    about: 'list the blocks of a data folder',
    flags: [humanReadable],
    args: ['[db path]'],
    async run(flags, [dir = defaultPath], output) {
      const {listBlocks} = await import('./tsdblist.ts');
      listBlocks(dir, flags.switch('human-readable'), output);
      return 0;
    },
  },
  'tsdb analyze': {
    about: 'say which labels a block has many of',
    flags: [
      flag('limit', 'integer', '20', 'How many lines each list has.'),
      flag('extended', 'switch', 'false', 'Tell of the sizes of chunks, too.'),
      flag('match', 'text', '', 'Which series to look at.'),
    ],
    args: ['[db path]', '[block id]'],
    async run(flags, [dir = defaultPath, ulid = ''], output) {
      const {analyzeBlock} = await import('./tsdbanalyze.ts');
      const limit = flags.integer('limit');
      analyzeBlock(
        {dir, ulid, limit, extended: flags.switch('extended'), match: flags.text('match')},
        output,
      );
      return 0;
    },
  },
  'tsdb dump': {
    about: 'print the samples of a data folder',
    flags: [
      ...dumpFlags,
      flag('format', 'text', 'prom', 'prom, or seriesjson for labels only.', {
        choices: ['prom', 'seriesjson'],
      }),
    ],
    args: ['[db path]'],
    run: (flags, args, output) => runDump(flags, args, output, flags.text('format') as 'prom' | 'seriesjson'),
  },
  'tsdb dump-openmetrics': {
    about: 'print the samples of a data folder as OpenMetrics, without histograms',
    flags: dumpFlags,
    args: ['[db path]'],
    run: (flags, args, output) => runDump(flags, args, output, 'openmetrics'),
  },
  'tsdb create-blocks-from openmetrics': {
    about: 'make blocks of OpenMetrics text',
    flags: [
      humanReadable,
      flag('quiet', 'switch', 'false', 'Do not list the blocks.', {short: 'q'}),
      longestBlock,
      flag('label', 'texts', '', 'A label that all series get, NAME=VALUE; may be repeated.'),
    ],
    args: ['input file', '[output directory]'],
    async run(flags, [input = '', outputDir = defaultPath], output) {
      const {createBlocks} = await import('./tsdbcreate.ts');
      const options = {
        input,
        outputDir,
        humanReadable: flags.switch('human-readable'),
        quiet: flags.switch('quiet'),
        blockMsMax: flags.duration('max-block-duration'),
        labels: readPairs(flags.texts('label')),
      };
      createBlocks(options, output);
      return 0;
    },
  },
  'tsdb create-blocks-from rules': {
    about: 'make blocks of what recording rules would have stored',
    flags: [
      ...serverFlags,
      flag('start', 'text', '', 'Time from which on, in seconds or as RFC 3339; required.'),
      flag('end', 'text', '', 'Time until which; three hours ago by default.'),
      flag('output-dir', 'text', defaultPath, 'Folder of the blocks.'),
      flag('eval-interval', 'duration', '60s', 'Interval of groups that name none.'),
      longestBlock,
    ],
    args: ['rule-files...'],
    async run(flags, files, _output, errors) {
      const {createRuleBlocks} = await import('./createrules.ts');
      if (flags.text('start') === '') throw new FlagError('required flag --start not provided', 1);
      const options = {
        url: flags.text('url'),
        httpConfigFile: flags.text('http.config.file'),
        files,
        outputDir: flags.text('output-dir'),
        startMs: readTime(flags, 'start'),
        endMs: flags.text('end') === '' ? Date.now() - 3 * 3_600_000 : readTime(flags, 'end'),
        intervalMs: flags.duration('eval-interval'),
        blockMsMax: flags.duration('max-block-duration'),
      };
      const logger = createLogger({level: 'info', format: 'logfmt'});
      return createRuleBlocks(options, {errors, logger});
    },
  },
  'tsdb verify': {
    about: 'read every byte of every block and say what is wrong',
    flags: [],
    args: ['[db path]'],
    async run(_flags, [dir = defaultPath], output) {
      const {verifyBlocks} = await import('./tsdbverify.ts');
      return verifyBlocks(dir, output) ? 0 : 1;
    },
  },
  'tsdb repair': {
    about: 'make sound blocks of what can be read of damaged ones, and repair the log',
    flags: [flag('dry-run', 'switch', 'false', 'Only say what is damaged, and what would be lost.')],
    args: ['[db path]'],
    async run(flags, [dir = defaultPath], output) {
      const {repairDirectory} = await import('./tsdbrepair.ts');
      return (await repairDirectory(dir, {dryRun: flags.switch('dry-run')}, output)) ? 0 : 1;
    },
  },
};

/** Runs a tool; gives its exit code: 1 where it fails. */
export async function runTool(given: string[]): Promise<number> {
  const args = withLeadingFlagsLast(given);
  const name = Object.keys(tools)
    .sort((left, right) => right.length - left.length)
    .find((each) => each === args.slice(0, each.split(' ').length).join(' '));
  if (name === undefined) {
    const help = args.length === 0 || ['help', '--help', '-h'].includes(args.at(-1)!);
    (help ? process.stdout : process.stderr).write(toolsHelp(args));
    return help ? 0 : 1;
  }
  const tool = tools[name]!;
  const rest = args.slice(name.split(' ').length);
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(toolHelp(name, tool));
    return 0;
  }
  const output = new BufferedOutput(process.stdout.fd);
  const errors: Output = {
    write(text) {
      // In one terminal, or one file, both are read in the order in which they were written.
      output.flush();
      process.stderr.write(text);
    },
  };
  try {
    const {flags, positional} = readArguments(rest, tool);
    return await tool.run(flags, positional, output, errors);
  } catch (error) {
    output.flush();
    process.stderr.write(`narthex tool: ${(error as Error).message}\n`);
    return error instanceof FlagError ? error.exitCode : 1;
  } finally {
    output.flush();
  }
}

async function runDump(
  flags: FlagValues,
  [dir = defaultPath]: string[],
  output: Output,
  format: 'prom' | 'seriesjson' | 'openmetrics',
): Promise<number> {
  const {dump} = await import('./tsdbdump.ts');
  await dump(
    {
      dir,
      sandboxRoot: flags.text('sandbox-dir-root'),
      mint: flags.integer('min-time'),
      maxt: flags.integer('max-time'),
      match: flags.texts('match'),
      format,
    },
    output,
  );
  return 0;
}

function readArguments(
  args: readonly string[],
  {flags: specs, args: names}: Tool,
): {flags: FlagValues; positional: string[]} {
  const positional: string[] = [];
  const flagArgs: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (!arg.startsWith('-')) {
      positional.push(arg);
      continue;
    }
    flagArgs.push(arg);
    const spec = specs.find(({name, short}) => arg === `--${name}` || arg === `-${short}`);
    if (spec !== undefined && spec.kind !== 'switch' && i + 1 < args.length) flagArgs.push(args[++i]!);
  }
  const needed = names.filter((name) => !name.startsWith('['));
  const isOpen = names.at(-1)?.replace(']', '').endsWith('...') === true;
  if (positional.length < needed.length) {
    throw new FlagError(`required argument '${needed[positional.length]}' not provided`, 1);
  }
  if (positional.length > names.length && !isOpen)
    throw new FlagError(`unexpected ${positional[names.length]}`, 1);
  return {flags: new FlagValues(specs, splitFlags(flagArgs, specs)), positional};
}

function readTime(flags: FlagValues, name: 'start' | 'end'): number {
  try {
    return parseTimestamp(flags.text(name));
  } catch (error) {
    throw new SyntaxError(`error parsing ${name} time: ${(error as Error).message}`, {cause: error});
  }
}

function readPairs(texts: readonly string[]): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals <= 0) throw new FlagError(`expected KEY=VALUE got '${text}'`, 1);
    pairs[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return pairs;
}

function toolsHelp(args: readonly string[]): string {
  const unknown =
    args.length === 0 || args[0] === 'help' ? '' : `narthex tool: unknown command ${args.join(' ')}\n`;
  let text = `${unknown}usage: narthex tool <command> [<flags>] [<args>]\n\nCommands:\n`;
  for (const [name, {about, hidden}] of Object.entries(tools))
    if (hidden !== true) text += `  ${name.padEnd(38)}${about}\n`;
  return text;
}

function toolHelp(name: string, {about, flags, args}: Tool): string {
  let text = `usage: narthex tool ${name} [<flags>] ${args.map((arg) => `<${arg}>`).join(' ')}\n\n${about}\n`;
  if (flags.length > 0) text += '\nFlags:\n';
  for (const {name: flagName, initial, help, kind} of flags) {
    text += `  ${`--${flagName}${kind === 'switch' ? '' : `=${initial}`}`.padEnd(38)}${help}\n`;
  }
  return text;
}
