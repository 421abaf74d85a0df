import type {FlagValues} from '../../flags.ts';
import type {Output} from '../output.ts';
import {type ApiAlert, withClient} from './client.ts';
import {printAlerts} from './format.ts';
import {matcherParserOf, pairsOf, withAlertname} from './matchers.ts';
import {timeOfFlag} from './times.ts';

/** `alert query`: gives the exit code. */
export async function queryAlerts(
  flags: FlagValues,
  args: readonly string[],
  output: Output,
): Promise<number> {
  const filters = withAlertname(args, matcherParserOf(flags));
  const states = ['silenced', 'inhibited', 'active', 'unprocessed'];
  const isAny = states.some((state) => flags.switch(state));
  const query = [
    ...states.map((state) => {
      const isWanted = isAny ? flags.switch(state) : state === 'active';
      return [state, String(isWanted)] as const;
    }),
    ...filters.map((each) => ['filter', each] as const),
    ['receiver', flags.text('receiver')] as const,
  ];
  const alerts = await withClient(flags, (client) => client.ask<ApiAlert[]>('/alerts', {query}));
  printAlerts(alerts, flags, output);
  return 0;
}

/** `alert add`: gives the exit code. */
export async function addAlert(flags: FlagValues, args: readonly string[]): Promise<number> {
  const parser = matcherParserOf(flags);
  const labels = pairsOf(withAlertname(args, parser), parser, 'labels must be specified as key=value pairs');
  const annotations = pairsOf(
    flags.texts('annotation'),
    parser,
    'annotations must be specified as key=value pairs',
  );
  const startsAt = timeOfFlag(flags, 'start');
  const endsAt = timeOfFlag(flags, 'end');
  const alert = {
    labels,
    annotations,
    generatorURL: flags.text('generator-url'),
    ...(startsAt !== null && {startsAt}),
    ...(endsAt !== null && {endsAt}),
  };
  await withClient(flags, (client) => client.ask('/alerts', {method: 'POST', body: [alert]}));
  return 0;
}
