// The parameters of a request: its query string and, where it is a form, its body. The body's values come first, as with
// Go's http.Request.Form.

import {quoteGo} from '../base/quote.ts';

/** More parameters than this are refused. */
const parametersMax = 10_000;

export class Form {
  // Lists: of so few, the right one is found before a text is hashed.
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  /** What was wrong with the text, '' = nothing. Everything else of it was read nevertheless. */
  error = '';

  static of(query: string, body = ''): Form {
    const form = new Form();
    form.#read(body);
    form.#read(query);
    return form;
  }

  /** The first value, '' where there is none. */
  get(name: string): string {
    const names = this.#names;
    for (let i = 0; i < names.length; i++) if (names[i] === name) return this.#values[i]!;
    return '';
  }

  all(name: string): string[] {
    return this.#values.filter((_, i) => this.#names[i] === name);
  }

  #read(text: string): void {
    if (text === '') return;
    let count = 0;
    for (let start = 0, end = 0; start < text.length; start = end + 1) {
      end = text.indexOf('&', start);
      if (end < 0) end = text.length;
      if (end === start) continue;
      if (++count > parametersMax) {
        this.#fail(`more than ${parametersMax} parameters`);
        return;
      }
      this.#readPart(text.slice(start, end));
    }
  }

  #readPart(part: string): void {
    if (part.includes(';')) return this.#fail('invalid semicolon separator in query');
    const equals = part.indexOf('=');
    const name = this.#unescape(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : this.#unescape(part.slice(equals + 1));
    if (name === null || value === null) return;
    this.#names.push(name);
    this.#values.push(value);
  }

  #unescape(text: string): string | null {
    const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
    if (!spaced.includes('%')) return spaced; // The usual case.
    try {
      return decodeURIComponent(spaced);
    } catch {
      return this.#unescapeOddly(spaced);
    }
  }

  /** What is no UTF-8, or no escape. */
  #unescapeOddly(text: string): string | null {
    const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(text);
    if (wrong === null) return unescapeBytes(text);
    this.#fail(`invalid URL escape ${quoteGo(wrong[0])}`);
    return null;
  }

  #fail(message: string): void {
    if (this.error === '') this.error = message;
  }
}

/** Bytes that are no UTF-8 become U+FFFD. */
function unescapeBytes(text: string): string {
  const bytes = text.replaceAll(/%([0-9a-fA-F]{2})|[^%]+/g, (match: string, hex: string | undefined) =>
    hex === undefined ? Buffer.from(match).toString('latin1') : String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
