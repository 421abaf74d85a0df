// A rule of `inhibit_rules`.
import type * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import {sortedMap, type YamlMap} from '../base/yaml-write.ts';
import type {Complain} from '../http/client-config.ts';
import {dictionary, type Field, list, scalarField, section, text} from '../model/fields.ts';
import {isLegacyLabelName} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import {linesOf} from './fields.ts';
import {compareMatchers, formatMatcher, matcherOf} from './matchers.ts';
import type {MatcherParser} from './matchers/parse.ts';

export interface InhibitRule {
  /** '' = none. */
  readonly name: string;
  readonly sourceMatchers: readonly Matcher[];
  readonly targetMatchers: readonly Matcher[];
  /** Labels that must be the same in both; absent and empty are the same. */
  readonly equal: readonly string[];
}

/** Values of labels that must be so, the older form of matchers. */
export const matchMap: Field<Map<string, string>> = dictionary(text, 'map[string]string', checkLegacyName);

const regexpText: Field<string | null> = scalarField<string | null>('string', null, (scalar) => {
  matcherOf('=~', 'x', scalar.text);
  return scalar.text;
});

/** The same for regular expressions. Null where there is nothing, which is wrong. */
export const matchReMap = dictionary(regexpText, 'map[string]string', checkLegacyName);

function checkLegacyName(name: string): void {
  if (!isLegacyLabelName(name)) throw new SyntaxError(`invalid label name ${quoteGo(name)}`);
}

/** Matchers of all three forms, in the order in which Alertmanager has them before it sorts them. */
export interface MatcherFields {
  readonly match: ReadonlyMap<string, string>;
  readonly matchRe: ReadonlyMap<string, string | null>;
  readonly matchers: readonly string[];
}

/** Names of the three fields, for complaints. */
export type MatcherFieldNames = readonly [match: string, matchRe: string, matchers: string];

export interface ReadMatchers {
  readonly all: Matcher[];
  /** Those of the newer form, sorted, as they are shown. */
  readonly shown: string[];
}

export function readMatchers(
  fields: MatcherFields,
  [, reName, name]: MatcherFieldNames,
  parser: MatcherParser,
  complain: Complain,
): ReadMatchers {
  const all = [...fields.match].map(([label, value]) => new Matcher('=', label, value));
  for (const [label, value] of fields.matchRe) {
    if (value === null) complain([reName, label], `invalid regexp value for ${quoteGo(label)}`);
    else all.push(new Matcher('=~', label, value));
  }
  const newer: Matcher[] = [];
  for (const [index, line] of fields.matchers.entries()) {
    try {
      newer.push(...parser.matchers(line, 'config'));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      complain([name, index], error.message);
    }
  }
  newer.sort(compareMatchers);
  return {all: [...all, ...newer], shown: newer.map(formatMatcher)};
}

export const inhibitRuleFields = section(() => ({
  name: text.default(''),
  source_match: matchMap.default(new Map()),
  source_match_re: matchReMap.default(new Map()),
  source_matchers: list(text).default([]),
  target_match: matchMap.default(new Map()),
  target_match_re: matchReMap.default(new Map()),
  target_matchers: list(text).default([]),
  equal: list(text).default([]),
}));

export interface ReadInhibitRule {
  readonly rule: InhibitRule;
  readonly document: YamlMap;
}

export function readInhibitRule(
  fields: z.output<typeof inhibitRuleFields>,
  parser: MatcherParser,
  complain: Complain,
): ReadInhibitRule {
  const source = readMatchers(
    {match: fields.source_match, matchRe: fields.source_match_re, matchers: fields.source_matchers},
    ['source_match', 'source_match_re', 'source_matchers'],
    parser,
    complain,
  );
  const target = readMatchers(
    {match: fields.target_match, matchRe: fields.target_match_re, matchers: fields.target_matchers},
    ['target_match', 'target_match_re', 'target_matchers'],
    parser,
    complain,
  );
  for (const [index, label] of fields.equal.entries())
    if (!parser.isLabelName(label))
      complain(['equal', index], `invalid label name ${quoteGo(label)} in equal list`);
  const rule = {
    name: fields.name,
    sourceMatchers: source.all,
    targetMatchers: target.all,
    equal: [...new Set(fields.equal)],
  };
  const document = linesOf({
    name: fields.name,
    source_match: sortedMap(fields.source_match),
    source_match_re: sortedMap(fields.source_match_re),
    source_matchers: source.shown,
    target_match: sortedMap(fields.target_match),
    target_match_re: sortedMap(fields.target_match_re),
    target_matchers: target.shown,
    equal: fields.equal,
  });
  return {rule, document};
}
