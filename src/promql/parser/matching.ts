// What may stand between a binary operator and its right side: `bool on(a) group_left(b) fill(0)`; and label lists.

import type {VectorMatching} from '../ast.ts';
import {quoteGo} from '../../base/quote.ts';
import {unquoteString} from './literals.ts';
import {labelNameTokens, startsExpression} from './tokens.ts';
import type {TokenStream} from './tokenstream.ts';

export interface OperatorModifiers {
  readonly bool: boolean;
  readonly matching: VectorMatching;
}

const noFill = {left: null, right: null};

/** Operators without modifiers are the most common: they share this. */
const noModifiers: OperatorModifiers = {
  bool: false,
  matching: {card: 'one-to-one', labels: [], on: false, include: [], fill: noFill},
};

export function parseOperatorModifiers(tokens: TokenStream): OperatorModifiers {
  const bool = tokens.skip('bool');
  let {card, labels, on, include, fill} = noModifiers.matching;
  const word = tokens.peek();
  if (word === 'on' || word === 'ignoring') {
    tokens.take();
    on = word === 'on';
    labels = parseLabelList(tokens);
    const group = tokens.peek();
    if (group === 'group_left' || group === 'group_right') {
      tokens.take();
      card = group === 'group_left' ? 'many-to-one' : 'one-to-many';
      // With no list, the right side follows. A parenthesis always opens a list.
      if (!startsExpression(tokens.peek()) || tokens.peek() === '(') include = parseLabelList(tokens);
    }
  } else if (!bool && !word.startsWith('fill')) return noModifiers;
  fill = parseFill(tokens);
  return {bool, matching: {card, labels, on, include, fill}};
}

function parseFill(tokens: TokenStream): VectorMatching['fill'] {
  if (tokens.skip('fill')) {
    const both = parseFillValue(tokens);
    return {left: both, right: both};
  }
  if (tokens.skip('fill_left')) {
    const left = parseFillValue(tokens);
    return {left, right: tokens.skip('fill_right') ? parseFillValue(tokens) : null};
  }
  if (tokens.skip('fill_right')) {
    const right = parseFillValue(tokens);
    return {right, left: tokens.skip('fill_left') ? parseFillValue(tokens) : null};
  }
  return noFill;
}

function parseFillValue(tokens: TokenStream): number {
  tokens.expect('(');
  const negative = tokens.peek() === '-';
  if (negative || tokens.peek() === '+') tokens.take();
  if (tokens.peek() !== 'number' && tokens.peek() !== 'duration') tokens.unexpected();
  const {value} = tokens.takeNumber();
  tokens.expect(')');
  return negative ? -value : value;
}

/** `(a, b, "c.d")`, also with a comma at the end. */
export function parseLabelList(tokens: TokenStream): readonly string[] {
  if (!tokens.skip('(')) tokens.unexpected(' in grouping opts, expected "("');
  const labels: string[] = [];
  for (;;) {
    if (tokens.skip(')')) return labels;
    labels.push(parseLabelName(tokens));
    if (tokens.skip(')')) return labels;
    if (!tokens.skip(',')) tokens.unexpected(' in grouping opts, expected "," or ")"');
  }
}

function parseLabelName(tokens: TokenStream): string {
  const kind = tokens.peek();
  if (kind !== 'string' && !labelNameTokens.has(kind)) tokens.unexpected(' in grouping opts, expected label');
  const token = tokens.take();
  const text = tokens.textOf(token);
  const name = kind === 'string' ? unquoteString(text) : text;
  if (name === '' || !name.isWellFormed())
    tokens.fail(token, `invalid label name for grouping: ${quoteGo(name)}`);
  return name;
}
