// The parser's test queries, asked of a Prometheus: what it prints, its errors and its trees against ours. Ours are those of
// the version that the queries were recorded from; where an older one differs, the list below says why.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test, {after, before} from 'node:test';
import {exprToJson} from '../../src/promql/parser/astjson.ts';
import {parseExpr} from '../../src/promql/parser/parser.ts';
import {ParseError} from '../../src/promql/parser/position.ts';
import {prettyExpr} from '../../src/promql/parser/pretty.ts';
import {casesUrl, parseCases} from '../../src/promql/parser/testdata/cases.ts';
import {startPrometheus, type StartedServer} from '../lib/narthex.ts';

interface Difference {
  /** The first version that does as we do, or 'none'. */
  since: '3.0' | '3.14' | 'none';
  why: string;
  query?: RegExp;
  theirs?: RegExp;
  ours?: RegExp;
}

/** A difference is explained by an entry of which all expressions match. Errors start with an exclamation mark. */
const differences: readonly Difference[] = [
  {
    since: '3.0',
    why: 'names in quotes',
    theirs: /^!.*unexpected string .* in (label matching|grouping opts)/s,
  },
  {
    since: '3.0',
    why: 'durations are numbers, numbers are durations',
    theirs:
      /^!.*(missing unit character in duration|bad duration syntax|unexpected (number|duration) |unexpected <op:[+-]> in (offset|subquery)|unexpected "\(" in offset|duration must be greater than 0)/s,
  },
  {since: '3.0', why: 'operators in brackets', theirs: /^!.*unexpected <op:[/%]> in subquery or range/s},
  {since: '3.0', why: 'unknown units have an error of their own', ours: /^!.*unknown unit/s},
  {
    since: '3.0',
    why: 'underscores in numbers, and other rules where a number ends',
    ours: /^!.*(bad number or duration syntax|error parsing number)/s,
  },
  {
    since: '3.0',
    why: 'underscores in numbers',
    query: /\d_\d|0x_/,
    theirs: /^!.*bad number or duration syntax/s,
  },
  {since: '3.0', why: 'numbers are printed without exponents', query: /1e-9/},
  {
    since: '3.0',
    why: 'patterns in errors are as written',
    ours: /error parsing regexp/,
    theirs: /error parsing regexp/,
  },
  {since: '3.0', why: 'literal patterns are no patterns', query: /=~"\\xff"/},
  {since: '3.0', why: 'an empty query has no positions', query: /^$/},
  {
    since: '3.14',
    why: 'new functions and aggregations',
    theirs: /^!.*unknown function with name/s,
    ours: /^!.*(is not enabled|is experimental and must be enabled)/s,
  },
  {
    since: '3.14',
    why: 'start, end and other words name functions',
    query: /(start|end)\(/i,
    theirs: /^!.*unexpected "\("/s,
  },
  {
    since: '3.14',
    why: 'arithmetic on durations',
    theirs: /^!.*experimental duration expression is not enabled/s,
  },
  {
    since: '3.14',
    why: 'step(), range(), min_of() and max_of() in durations',
    query: /step|range|min_of|max_of/i,
    theirs:
      /^!.*(unexpected (character in duration expression|colon|"[srm]"|identifier)|missing unit character|bad duration syntax)/s,
  },
  {
    since: '3.14',
    why: 'step() and others are named in errors',
    ours: /number, duration, step\(\), (or )?range\(\)/,
  },
  {
    since: '3.14',
    why: 'other words in brackets',
    query: /\[.*[xs]/,
    ours: /^!.*unexpected character: '[a-z]', expected ':'/s,
  },
  {since: '3.14', why: 'the modifiers fill, fill_left and fill_right', query: /fill/},
  {since: '3.14', why: 'the modifiers anchored and smoothed', query: /anchored|smoothed/},
  {since: '3.14', why: 'the operators </ and >/', query: /<\/|>\//, theirs: /^!.*unexpected <op:\/>/s},
  {since: '3.14', why: 'labels with colons or spaces are quoted', query: /a:b|"b d"|"a b"/, ours: /^[^!]/},
  {since: '3.14', why: 'no range after @ start()', ours: /no @ modifiers allowed before range/},
  {since: '3.14', why: 'the name of @ in errors', ours: /unexpected <op:@>/},
  {since: 'none', why: 'Prometheus overflows', query: /@ 9223372036854776/},
  {since: 'none', why: 'Prometheus forgets the braces', query: /info\(up, \{\}\)/},
];

let peer: StartedServer;
let version: [number, number] = [0, 0];

before(async () => {
  peer = await startPrometheus();
  const {data} = (await ask('status/buildinfo', {})) as {data: {version: string}};
  const [major, minor] = data.version.split('.');
  version = [Number(major), Number(minor)];
});

after(() => peer?.stop());

async function ask(path: string, parameters: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${peer.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
  return response.json();
}

interface Answer {
  status: string;
  data?: unknown;
  error?: string;
}

function ownAnswer(query: string): string {
  try {
    return prettyExpr(parseExpr(query));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return `!${error.message}`;
  }
}

function textOf({status, data, error}: Answer): string {
  if (status === 'success') return data as string;
  return `!${error!.replace('invalid parameter "query": ', '')}`;
}

function isOlderThan(since: Difference['since']): boolean {
  if (since === 'none') return true;
  const [major, minor] = since.split('.').map(Number) as [number, number];
  return version[0] < major || (version[0] === major && version[1] < minor);
}

function isExplained(query: string, theirs: string, ours: string): boolean {
  return differences.some(
    (each) =>
      isOlderThan(each.since) &&
      (each.query?.test(query) ?? true) &&
      (each.theirs?.test(theirs) ?? true) &&
      (each.ours?.test(ours) ?? true),
  );
}

const queries = parseCases(readFileSync(casesUrl, 'utf8'))
  .filter(({options}) => Object.keys(options).length === 0)
  .map(({query}) => query);

test('format_query answers as prettyExpr() and ParseError do, but for the differences listed', async () => {
  const wrong: string[] = [];
  let same = 0;
  for (const query of queries) {
    const theirs = textOf((await ask('format_query', {query})) as Answer);
    const ours = ownAnswer(query);
    if (theirs === ours) same++;
    else if (!isExplained(query, theirs, ours)) wrong.push(`${query}\n  theirs ${theirs}\n  ours   ${ours}`);
  }
  assert.equal(wrong.join('\n'), '');
  // So that the list of differences does not explain everything away.
  assert.ok(same > 0.65 * queries.length, `${same} of ${queries.length} are the same`);
});

test('query answers with the same errors as format_query', async () => {
  for (const query of ['sum(', 'up{job=~"*"}', 'rate(up)', 'up\n+ )', '"é" + 1']) {
    const answer = (await ask('query', {query, time: '0'})) as Answer;
    assert.equal(answer.status, 'error');
    if (!/regexp/.test(answer.error!)) assert.equal(textOf(answer), ownAnswer(query));
  }
});

test('parse_query answers as exprToJson() does, from version 3 on', async (context) => {
  if (version[0] < 3) return context.skip(`this is version ${version.join('.')}, which cannot do that`);
  let compared = 0;
  for (const query of queries) {
    const theirs = (await ask('parse_query', {query})) as Answer;
    const ours = ownAnswer(query);
    if (theirs.status !== 'success' || ours.startsWith('!')) continue;
    // An older version may lack fields that came later.
    const tree = JSON.parse(JSON.stringify(exprToJson(parseExpr(query)))) as unknown;
    if (isExplained(query, '', ours)) continue;
    compared++;
    assert.deepEqual(fieldsOf(tree, theirs.data), theirs.data, query);
  }
  assert.ok(compared > 200, `${compared} trees were compared`);
});

/** `ours` with only those fields that `theirs` has. */
function fieldsOf(ours: unknown, theirs: unknown): unknown {
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    return ours.map((each: unknown, index) => fieldsOf(each, theirs[index]));
  }
  if (typeof ours !== 'object' || ours === null || typeof theirs !== 'object' || theirs === null) return ours;
  const fields = Object.entries(ours).filter(([key]) => key in theirs);
  return Object.fromEntries(
    fields.map(([key, value]) => [key, fieldsOf(value, (theirs as Record<string, unknown>)[key])]),
  );
}
