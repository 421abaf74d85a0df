import {numberInvalid, numberOk} from './number-status.ts';

const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/;
const special = /^(?:nan|[+-]?inf(?:inity)?)/i;

/** The plain twin of the number kernel: it decides every input itself, so its status is never numberUndecided. */
export function parseNumber(text: string): {length: number; status: number; value: number} {
  const word = (decimal.exec(text) ?? special.exec(text))?.[0];
  if (word === undefined) return {length: 0, status: numberInvalid, value: 0};
  const lower = word.toLowerCase();
  let value = Number(word);
  if (lower.endsWith('y') || lower.endsWith('f')) value = lower.startsWith('-') ? -Infinity : Infinity;
  return {length: word.length, status: numberOk, value};
}
