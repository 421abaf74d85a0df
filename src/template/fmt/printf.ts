// fmt.Sprintf
import type {Value} from '../value.ts';
import {isIntKind, isUintKind} from '../type.ts';
import {unwrapInterface} from '../value.ts';
import {Flags} from './flags.ts';
import {printArgument} from './print.ts';

/** The widest field and the longest precision that Go accepts. */
const numberMax = 1_000_000;

/** Longest text, in UTF-16 units: a format may name one long operand many times. */
const sizeMax = 32 * 2 ** 20;

export function sprintf(format: string, args: readonly (Value | null)[]): string {
  return new Formatter(format, args).run();
}

class Formatter {
  readonly #format: string;
  readonly #args: readonly (Value | null)[];
  #position = 0;
  #argument = 0;
  #text = '';
  /** An index such as %[2]d was used: then nothing is said of operands that are left over. */
  #reordered = false;
  #isGoodIndex = true;
  /** The verb's last part was an index. */
  #afterIndex = false;

  constructor(format: string, args: readonly (Value | null)[]) {
    this.#format = format;
    this.#args = args;
  }

  run(): string {
    const format = this.#format;
    for (;;) {
      const percent = format.indexOf('%', this.#position);
      this.#text += format.slice(this.#position, percent < 0 ? format.length : percent);
      if (percent < 0) break;
      this.#position = percent + 1;
      if (!this.#directive()) break;
      if (this.#text.length > sizeMax) throw new RangeError(`cannot print more than ${sizeMax} characters`);
    }
    if (!this.#reordered && this.#argument < this.#args.length) this.#extra();
    return this.#text;
  }

  /** From behind the percent sign through the verb. False where the format ends before it. */
  #directive(): boolean {
    const flags = new Flags();
    this.#isGoodIndex = true;
    this.#afterIndex = false;
    this.#readFlags(flags);
    this.#readIndex();
    this.#readWidth(flags);
    this.#readPrecision(flags);
    if (!this.#afterIndex) this.#readIndex();
    const code = this.#format.codePointAt(this.#position);
    if (code === undefined) {
      this.#text += '%!(NOVERB)';
      return false;
    }
    const verb = String.fromCodePoint(code);
    this.#position += verb.length;
    this.#print(verb, flags);
    return true;
  }

  #print(verb: string, flags: Flags): void {
    if (verb === '%') this.#text += '%';
    else if (!this.#isGoodIndex) this.#text += `%!${verb}(BADINDEX)`;
    else if (this.#argument >= this.#args.length) this.#text += `%!${verb}(MISSING)`;
    else {
      if (verb === 'v' || verb === 'w') {
        flags.sharpV = flags.sharp;
        flags.plusV = flags.plus;
        flags.sharp = flags.plus = false;
      }
      this.#text += printArgument(this.#args[this.#argument]!, verb, flags);
      this.#argument++;
    }
  }

  #readFlags(flags: Flags): void {
    for (; ; this.#position++) {
      switch (this.#format[this.#position]) {
        case '#':
          flags.sharp = true;
          break;
        case '0':
          flags.zero = true;
          break;
        case '+':
          flags.plus = true;
          break;
        case '-':
          flags.minus = true;
          break;
        case ' ':
          flags.space = true;
          break;
        default:
          return;
      }
    }
  }

  /** [2] */
  #readIndex(): void {
    this.#afterIndex = false;
    if (this.#format[this.#position] !== '[') return;
    this.#reordered = true;
    const close = this.#format.indexOf(']', this.#position);
    if (close < 0 || this.#format.length - this.#position < 3) {
      this.#isGoodIndex = false;
      this.#position++;
      return;
    }
    const digits = this.#format.slice(this.#position + 1, close);
    const index = /^[0-9]+$/.test(digits) ? Number(digits) - 1 : -1;
    this.#position = close + 1;
    if (index >= 0 && index < this.#args.length) this.#argument = index;
    else this.#isGoodIndex = false;
    this.#afterIndex = /^[0-9]+$/.test(digits) && Number(digits) <= numberMax;
  }

  #readWidth(flags: Flags): void {
    if (this.#format[this.#position] !== '*') {
      flags.width = this.#readNumber();
      if (this.#afterIndex && flags.width >= 0) this.#isGoodIndex = false;
      return;
    }
    this.#position++;
    const width = this.#takeInteger();
    if (width === null) this.#text += '%!(BADWIDTH)';
    else {
      flags.width = Math.abs(width);
      if (width < 0) {
        flags.minus = true;
        flags.zero = false;
      }
    }
    this.#afterIndex = false;
  }

  #readPrecision(flags: Flags): void {
    if (this.#format[this.#position] !== '.' || this.#position + 1 >= this.#format.length) return;
    this.#position++;
    if (this.#afterIndex) this.#isGoodIndex = false;
    this.#readIndex();
    if (this.#format[this.#position] !== '*') {
      flags.precision = Math.max(0, this.#readNumber());
      return;
    }
    this.#position++;
    const precision = this.#takeInteger();
    if (precision === null || precision < 0) this.#text += '%!(BADPREC)';
    else flags.precision = precision;
    this.#afterIndex = false;
  }

  /** -1 where there is none. Too long a number swallows the rest of the format. */
  #readNumber(): number {
    let value = -1;
    for (; ; this.#position++) {
      const char = this.#format[this.#position];
      if (char === undefined || char < '0' || char > '9') return value;
      if (value > numberMax) {
        this.#position = this.#format.length;
        return -1;
      }
      value = Math.max(0, value) * 10 + Number(char);
    }
  }

  /** The operand of a `*`; null where it is no integer of a fitting size. */
  #takeInteger(): number | null {
    if (this.#argument >= this.#args.length) return null;
    const value = unwrapInterface(this.#args[this.#argument++]!);
    if (value === null || !(isIntKind(value.type.kind) || isUintKind(value.type.kind))) return null;
    const number = Number(value.data as bigint);
    return Math.abs(number) > numberMax ? null : number;
  }

  #extra(): void {
    const flags = new Flags();
    const rest = this.#args.slice(this.#argument).map((wrapped) => {
      const arg = unwrapInterface(wrapped);
      return arg === null ? '<nil>' : `${arg.type.text}=${printArgument(arg, 'v', flags)}`;
    });
    this.#text += `%!(EXTRA ${rest.join(', ')})`;
  }
}
