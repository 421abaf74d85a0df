// Selectors of labels and fields, as Kubernetes reads them
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/). The API server applies them; here they are
// checked before they are sent, with the words of its libraries.

import {quoteGo} from '../base/quote.ts';

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';

export interface LabelRequirement {
  key: string;
  operator: LabelOperator;
  values: string[];
}

export interface FieldRequirement {
  field: string;
  operator: '=' | '==' | '!=';
  value: string;
}

/** Whether an object's labels satisfy all requirements. */
export function matchesLabels(
  requirements: readonly LabelRequirement[],
  labels: Readonly<Record<string, string>>,
): boolean {
  return requirements.every(({key, operator, values}) => {
    const value = Object.hasOwn(labels, key) ? labels[key]! : undefined;
    switch (operator) {
      case 'exists':
        return value !== undefined;
      case '!':
        return value === undefined;
      case '!=':
      case 'notin':
        return value === undefined || !values.includes(value);
      case '>':
        return value !== undefined && Number(value) > Number(values[0]);
      case '<':
        return value !== undefined && Number(value) < Number(values[0]);
      case '=':
      case '==':
      case 'in':
        return value !== undefined && values.includes(value);
    }
  });
}

/** Reads `a=b,c in (d,e),!f`. Throws SyntaxError. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  return new LabelSelectorReader(text).read();
}

const special = '=!(),<>';

class LabelSelectorReader {
  readonly #tokens: string[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = text.match(/==|!=|[=!(),<>]|[^=!(),<>\s]+/g) ?? [];
  }

  read(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    while (this.#next < this.#tokens.length) {
      requirements.push(this.#requirement());
      const separator = this.#tokens[this.#next];
      if (separator === undefined) break;
      if (separator !== ',') throw unparsable(`found '${separator}', expected: ',' or 'end of string'`);
      this.#next++;
      const after = this.#tokens[this.#next];
      if (after === undefined || (isSpecial(after) && after !== '!'))
        throw new SyntaxError(`found '${after ?? ''}', expected: identifier after ','`);
    }
    return requirements;
  }

  #requirement(): LabelRequirement {
    if (this.#tokens[this.#next] === '!') {
      this.#next++;
      return {key: this.#key(), operator: '!', values: []};
    }
    const key = this.#key();
    const operator = this.#tokens[this.#next];
    if (operator === undefined || operator === ',') return {key, operator: 'exists', values: []};
    this.#next++;
    switch (operator) {
      case '=':
      case '==':
      case '!=':
        return {key, operator, values: [checkValue(key, this.#value())]};
      case '<':
      case '>': {
        const value = this.#value();
        if (!/^[-+]?\d+$/.test(value))
          throw unparsable(
            `values[0]: Invalid value: ${quoteGo(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
          );
        return {key, operator, values: [value]};
      }
      case 'in':
      case 'notin':
        return {key, operator, values: this.#values(key)};
      default:
        throw unparsable(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #key(): string {
    const key = this.#tokens[this.#next];
    if (key === undefined || isSpecial(key))
      throw new SyntaxError(`found '${key ?? ''}', expected: !, identifier, or 'end of string'`);
    this.#next++;
    checkKey(key);
    return key;
  }

  /** May be empty: `a=` and `a=,b`. */
  #value(): string {
    const value = this.#tokens[this.#next];
    if (value === undefined || value === ',') return '';
    if (isSpecial(value)) throw unparsable(`found '${value}', expected: identifier`);
    this.#next++;
    return value;
  }

  #values(key: string): string[] {
    const open = this.#tokens[this.#next++];
    if (open !== '(') throw unparsable(`found '${open ?? ''}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      values.push(checkValue(key, this.#tokens[this.#next] === ')' ? '' : this.#value()));
      const separator = this.#tokens[this.#next++];
      if (separator === ')') return [...new Set(values)].sort();
      if (separator !== ',') throw unparsable(`found '${separator ?? ''}', expected: ',' or ')'`);
    }
  }
}

function isSpecial(token: string): boolean {
  return special.includes(token[0]!);
}

function unparsable(found: string): SyntaxError {
  return new SyntaxError(`unable to parse requirement: ${found}`);
}

const qualifiedName = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const subdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

function checkKey(key: string): void {
  const parts = key.split('/');
  const [prefix, name] = parts.length === 1 ? [null, parts[0]!] : [parts[0]!, parts[1]!];
  const isValid =
    parts.length <= 2 &&
    name.length <= 63 &&
    qualifiedName.test(name) &&
    (prefix === null || (prefix.length <= 253 && subdomain.test(prefix)));
  if (isValid) return;
  throw unparsable(
    `key: Invalid value: ${quoteGo(key)}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  );
}

function checkValue(key: string, value: string): string {
  if (value === '' || (value.length <= 63 && qualifiedName.test(value))) return value;
  throw unparsable(
    `values[0][${key}]: Invalid value: ${quoteGo(value)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
  );
}

/** Reads `metadata.name=x,status.phase!=Failed`; a backslash makes the next `,`, `=` or `\` part of the value. Throws SyntaxError. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  const requirements: FieldRequirement[] = [];
  for (const term of text.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? []) {
    const [, field, operator, value] = /^(.*?)(!=|==|=)(.*)$/s.exec(term) ?? [];
    if (field === undefined) throw new SyntaxError(`invalid selector: '${text}'; can't understand '${term}'`);
    requirements.push({field, operator: operator as '=' | '==' | '!=', value: unescapeValue(value!)});
  }
  return requirements;
}

function unescapeValue(value: string): string {
  const wrong = /\\.?|[,=]/s.exec(value.replaceAll(/\\[\\,=]/g, ''))?.[0];
  if (wrong === undefined) return value.replaceAll(/\\([\\,=])/g, '$1');
  const what = wrong.startsWith('\\') ? 'invalid escape sequence' : 'unescaped character in value';
  throw new SyntaxError(`invalid field selector: ${what}: ${wrong}`);
}
