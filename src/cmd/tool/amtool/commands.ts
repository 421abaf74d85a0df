// What amtool does, under its names.
import type {FlagSpec} from '../../flags.ts';
import {flag, type Tool} from '../toolspec.ts';
import {commonFlags, withSettings} from './settings.ts';

type Run = Tool['run'];

/** A command with the common flags; what the file of settings says is looked up when it is needed. */
function amtool(about: string, own: readonly FlagSpec[], args: string[], run: Run): Tool {
  const specs = [...own, ...commonFlags];
  return {
    about,
    get flags() {
      return withSettings(specs);
    },
    args,
    run,
  };
}

const startFlag = flag('start', 'text', '', 'When it begins, as RFC 3339.');
const endFlag = flag('end', 'text', '', 'When it ends, as RFC 3339.');
const annotationFlag = flag('annotation', 'texts', '', 'An annotation, NAME=VALUE; may be repeated.');
const commentFlag = flag('comment', 'text', '', 'Why.', {short: 'c'});
const quietFlag = flag('quiet', 'switch', 'false', 'Print IDs only.', {short: 'q'});
const configFileFlag = flag('config.file', 'text', '', 'File to read, instead of asking the Alertmanager.');

const alertQuery = amtool(
  'list alerts',
  [
    flag('inhibited', 'switch', 'false', 'Those that are inhibited.', {short: 'i'}),
    flag('silenced', 'switch', 'false', 'Those that are silenced.', {short: 's'}),
    flag('active', 'switch', 'false', 'Those that are active.', {short: 'a'}),
    flag('unprocessed', 'switch', 'false', 'Those that nobody has looked at yet.', {short: 'u'}),
    flag('receiver', 'text', '', 'Only of receivers that match the regular expression.', {short: 'r'}),
  ],
  ['[matchers...]'],
  async (flags, args, output) => (await import('./alerts.ts')).queryAlerts(flags, args, output),
);

const silenceQuery = amtool(
  'list silences',
  [
    flag('expired', 'switch', 'false', 'Those that are over, instead of those that are not.'),
    quietFlag,
    flag('created-by', 'text', '', 'Only of this author.'),
    flag('id', 'text', '', 'Only this one.'),
    flag('within', 'text', '', 'Only those that end, or ended, within this time.'),
  ],
  ['[matchers...]'],
  async (flags, args, output) => (await import('./silences.ts')).querySilences(flags, args, output),
);

const configShow = amtool(
  'print the configuration of an Alertmanager',
  [],
  [],
  async (flags, _args, output) => (await import('./status.ts')).showConfig(flags, output),
);

const clusterShow = amtool('print the state of the cluster', [], [], async (flags, _args, output) =>
  (await import('./status.ts')).showCluster(flags, output),
);

const routesShow = amtool('print the routing tree', [configFileFlag], [], async (flags, _args, output) =>
  (await import('./routes.ts')).showRoutes(flags, output),
);

function again(tool: Tool): Tool {
  return Object.defineProperty(Object.create(tool) as Tool, 'hidden', {value: true});
}

export const amtools: Record<string, Tool> = {
  'alert add': amtool(
    'add an alert',
    [flag('generator-url', 'text', '', 'Where the alert comes from.'), startFlag, endFlag, annotationFlag],
    ['[labels...]'],
    async (flags, args) => (await import('./alerts.ts')).addAlert(flags, args),
  ),
  'alert query': alertQuery,
  alert: again(alertQuery),
  'silence add': amtool(
    'add a silence',
    [
      flag('author', 'text', '', 'Who; by default the user.', {short: 'a'}),
      flag('require-comment', 'switch', 'true', 'Whether there has to be a comment.', {hidden: true}),
      flag('duration', 'text', '1h', 'How long.', {short: 'd'}),
      startFlag,
      endFlag,
      commentFlag,
      annotationFlag,
    ],
    ['[matchers...]'],
    async (flags, args, output) => (await import('./silences.ts')).addSilence(flags, args, output),
  ),
  'silence expire': amtool('end silences', [], ['[silence-ids...]'], async (flags, args) =>
    (await import('./silences.ts')).expireSilences(flags, args),
  ),
  'silence import': amtool(
    'add silences from the JSON that silence query prints',
    [
      flag('force', 'switch', 'false', 'Add those that are there already once more.', {short: 'f'}),
      flag('worker', 'integer', '8', 'How many requests at once.', {short: 'w'}),
    ],
    ['[input-file]'],
    async (flags, args, output, errors) =>
      (await import('./silences.ts')).importSilences(flags, args, {output, errors}),
  ),
  'silence query': silenceQuery,
  silence: again(silenceQuery),
  'silence update': amtool(
    'change silences',
    [quietFlag, flag('duration', 'text', '', 'How long.', {short: 'd'}), startFlag, endFlag, commentFlag],
    ['[silence-ids...]'],
    async (flags, args, output) => (await import('./silences.ts')).updateSilences(flags, args, output),
  ),
  'check-config': amtool(
    'say what is wrong with configuration files of Alertmanagers, and with their templates',
    [],
    ['[config-files...]'],
    async (flags, args, output) => (await import('./checkconfig.ts')).checkConfigs(flags, args, output),
  ),
  'cluster show': clusterShow,
  cluster: again(clusterShow),
  'config show': configShow,
  config: again(configShow),
  'config routes show': routesShow,
  'config routes': again(routesShow),
  'config routes test': amtool(
    'say to which receivers an alert goes',
    [
      configFileFlag,
      flag('verify.receivers', 'text', '', 'End with exit code 1 where it goes to others.'),
      flag('tree', 'switch', 'false', 'Print the routes that match, too.'),
    ],
    ['[labels...]'],
    async (flags, args, output) => (await import('./routes.ts')).testRoutes(flags, args, output),
  ),
  'template render': amtool(
    'print what a template makes of alerts',
    [
      flag('template.glob', 'texts', '', 'Pattern of files with templates; may be repeated.'),
      flag('template.text', 'text', '', 'The template to render.'),
      flag('template.type', 'text', 'text', 'How: text, html.', {choices: ['text', 'html']}),
      flag('template.data', 'text', '', 'File with the data as JSON; by default two made-up alerts.'),
    ],
    [],
    async (flags, _args, output) => (await import('./render.ts')).renderTemplate(flags, output),
  ),
};

/** amtool takes its common flags before the command, too. */
export function withLeadingFlagsLast(args: readonly string[]): string[] {
  let count = 0;
  while (count < args.length && args[count]!.startsWith('-')) {
    const arg = args[count]!;
    const spec = commonFlags.find(({name, short}) => arg === `--${name}` || arg === `-${short}`);
    count += spec !== undefined && spec.kind !== 'switch' ? 2 : 1;
  }
  return count >= args.length ? [...args] : [...args.slice(count), ...args.slice(0, count)];
}
