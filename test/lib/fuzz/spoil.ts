// Makes queries that are nearly right, so that what is wrong with them can be compared.

import type {Random} from '../../../src/base/random.ts';

const tokenPattern = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[\w.]+|\s+|[=!<>~]+|./gsu;

/** The pieces of a query, blanks included; joined they are the query. */
export function piecesOf(query: string): string[] {
  return query.match(tokenPattern) ?? [];
}

const strays = [
  ')',
  '(',
  ',',
  '}',
  '{',
  ']',
  '[5m]',
  '[5m:]',
  'by (job)',
  'bool',
  'offset 5m',
  '@ 5',
  '"text',
  "'",
  '=~',
  '==',
  'and',
  '$',
  'ü',
  '\\',
  '1',
  '"x"',
  'on (job)',
  'group_left',
  '0x',
  '1y2w',
  '5m5h',
  'foo(',
  'sum',
  '!',
  '/',
  'offset',
  '@',
  '#',
];

/** The query with one piece gone, doubled, moved, replaced or added. */
export function spoil(random: Random, query: string): string {
  const pieces = piecesOf(query);
  const at = random.below(pieces.length);
  switch (random.below(6)) {
    case 0:
      pieces.splice(at, 1);
      break;
    case 1:
      pieces.splice(at, 0, pieces[at]!);
      break;
    case 2:
      [pieces[at], pieces[0]] = [pieces[0]!, pieces[at]!];
      break;
    case 3:
      pieces[at] = random.pick(strays);
      break;
    case 4:
      pieces[at] = pieces[at]!.slice(1);
      break;
    default:
      pieces.splice(at, 0, ' ', random.pick(strays), ' ');
  }
  return pieces.join('');
}
