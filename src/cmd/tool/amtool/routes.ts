import {type AlertmanagerConfig, parseConfig} from '../../../alertmanager/config.ts';
import {formatMatchers, matchesAll} from '../../../alertmanager/matchers.ts';
import {Route} from '../../../alertmanager/route.ts';
import {compareStrings, type Labels} from '../../../model/labels.ts';
import {FlagError, type FlagValues} from '../../flags.ts';
import {readTextFile} from '../../textfile.ts';
import type {Output} from '../output.ts';
import {matcherParserOf, pairsOf} from './matchers.ts';
import {statusOf} from './status.ts';

/** `config routes show`: gives the exit code. */
export async function showRoutes(flags: FlagValues, output: Output): Promise<number> {
  const route = new Route((await configOf(flags)).route);
  output.write(`Routing tree:\n${formatTree(treeOf(route))}\n`);
  return 0;
}

/** `config routes test`: gives the exit code, 1 where the receivers are not those that were expected. */
export async function testRoutes(
  flags: FlagValues,
  args: readonly string[],
  output: Output,
): Promise<number> {
  const route = new Route((await configOf(flags)).route);
  const pairs = pairsOf(args, matcherParserOf(flags), 'Labels must be specified as key=value pairs');
  const labels: Labels = Object.entries(pairs)
    .sort(([left], [right]) => compareStrings(left, right))
    .flat();
  if (flags.switch('tree'))
    output.write(`Matching routes:\n${formatTree(matchingTreeOf(route, labels))}\n\n`);
  const receivers = route
    .match(labels)
    .map(({options}) => options.receiver)
    .join(',');
  output.write(`${receivers}\n`);
  const expected = flags.text('verify.receivers');
  if (expected === '' || expected === receivers) return 0;
  output.write('WARNING: Expected receivers did not match resolved receivers.\n');
  return 1;
}

async function configOf(flags: FlagValues): Promise<AlertmanagerConfig> {
  const file = flags.text('config.file');
  const parser = matcherParserOf(flags);
  if (file !== '') return parseConfig(readTextFile(file), {file, parser});
  if (flags.text('alertmanager.url') === '')
    throw new FlagError('You have to specify one of --config.file or --alertmanager.url flags.', 1);
  const {config} = await statusOf(flags);
  return parseConfig(config.original, {file: 'alertmanager.yml', parser});
}

interface Tree {
  readonly text: string;
  readonly branches: readonly Tree[];
}

function textOf(route: Route, parts: {readonly continues: boolean; readonly receiver: boolean}): string {
  return [
    route.matchers.length === 0 ? 'default-route' : formatMatchers(route.matchers),
    ...(parts.continues && route.continue ? ['continue: true'] : []),
    ...(parts.receiver ? [`receiver: ${route.options.receiver}`] : []),
  ].join('  ');
}

function treeOf(route: Route): Tree {
  return {text: textOf(route, {continues: true, receiver: true}), branches: route.routes.map(treeOf)};
}

/** The way of an alert; only its ends name receivers. */
function matchingTreeOf(route: Route, labels: Labels): Tree {
  const branches: Tree[] = [];
  for (const each of route.routes) {
    if (!matchesAll(each.matchers, labels)) continue;
    branches.push(matchingTreeOf(each, labels));
    if (!each.continue) break;
  }
  return {text: textOf(route, {continues: false, receiver: branches.length === 0}), branches};
}

function formatTree(tree: Tree): string {
  return ['.', ...linesOf([tree], '')].map((line) => `${line}\n`).join('');
}

function linesOf(branches: readonly Tree[], indent: string): string[] {
  return branches.flatMap(({text, branches: below}, index) => {
    const isLast = index === branches.length - 1;
    return [
      `${indent}${isLast ? '└──' : '├──'} ${text}`,
      ...linesOf(below, `${indent}${isLast ? ' ' : '│'}   `),
    ];
  });
}
