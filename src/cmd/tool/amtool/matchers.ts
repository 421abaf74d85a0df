// Matchers, labels and annotations on the command line.
import {MatcherParser} from '../../../alertmanager/matchers/parse.ts';
import {quoteGo} from '../../../base/quote.ts';
import type {Matcher} from '../../../model/matcher.ts';
import type {FlagValues} from '../../flags.ts';

export function matcherParserOf(flags: FlagValues): MatcherParser {
  const features = flags.texts('enable-feature').flatMap((each) => each.split(','));
  if (features.includes('classic-mode')) return new MatcherParser('classic');
  return new MatcherParser(features.includes('utf8-strict-mode') ? 'utf8' : 'fallback');
}

/** A first argument that is no matcher is the name of an alert. */
export function withAlertname(args: readonly string[], parser: MatcherParser): string[] {
  const [first, ...others] = args;
  if (first === undefined) return [];
  try {
    parser.matcher(first, 'cli');
    return [...args];
  } catch {
    return [`alertname=${quoteGo(first)}`, ...others];
  }
}

export function matchersOf(args: readonly string[], parser: MatcherParser): Matcher[] {
  return args.map((arg) => parser.matcher(arg, 'cli'));
}

/** NAME=VALUE each; `complaint` is what is wrong with another kind of matcher. */
export function pairsOf(
  args: readonly string[],
  parser: MatcherParser,
  complaint: string,
): Record<string, string> {
  const pairs = matchersOf(args, parser).map(({type, name, value}) => {
    if (type !== '=') throw new SyntaxError(complaint);
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}
