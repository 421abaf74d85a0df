// Go's encoding/json: what json.Marshal writes of a value.
import {formatRfc3339, type Time, timeType} from './time.ts';
import {isIntKind, isUintKind} from './type.ts';
import {fieldOf, mapEntries, unwrapInterface, Value} from './value.ts';

const depthMax = 200;
const sizeMax = 16 * 2 ** 20;

/** Throws TypeError with Go's words. */
export function marshalJson(value: Value | null): string {
  const writer = new Writer();
  writer.write(value, 0);
  return writer.text;
}

class Writer {
  text = '';

  write(wrapped: Value | null, depth: number): void {
    if (depth > depthMax) throw new TypeError(`json: unsupported value: nested more than ${depthMax} deep`);
    if (this.text.length > sizeMax)
      throw new RangeError(`cannot write more than ${sizeMax} characters of JSON`);
    const value = unwrapInterface(wrapped);
    if (value === null) {
      this.text += 'null';
      return;
    }
    const {type, data} = value;
    switch (type.kind) {
      case 'pointer':
        this.write(data === null ? null : new Value(type.element!, data), depth + 1);
        break;
      case 'string':
        this.text += quoteJson(data as string);
        break;
      case 'bool':
        this.text += String(data);
        break;
      case 'float64':
        this.text += numberOf(data as number);
        break;
      case 'slice':
        this.#writeSlice(value, depth);
        break;
      case 'map':
        this.#writeMap(value, depth);
        break;
      case 'struct':
        if (type === timeType) this.text += quoteJson(formatRfc3339(data as Time));
        else this.#writeStruct(value, depth);
        break;
      default:
        if (!isIntKind(type.kind) && !isUintKind(type.kind))
          throw new TypeError(`json: unsupported type: ${type.text}`);
        this.text += String(data);
    }
  }

  #writeSlice({type, data}: Value, depth: number): void {
    if (data === null) {
      this.text += 'null';
      return;
    }
    this.text += '[';
    (data as readonly unknown[]).forEach((each, i) => {
      if (i > 0) this.text += ',';
      this.write(new Value(type.element!, each), depth + 1);
    });
    this.text += ']';
  }

  #writeMap(map: Value, depth: number): void {
    if (map.data === null) {
      this.text += 'null';
      return;
    }
    this.text += '{';
    mapEntries(map).forEach(({key, value}, i) => {
      if (i > 0) this.text += ',';
      this.text += `${quoteJson(String(key.data))}:`;
      this.write(value, depth + 1);
    });
    this.text += '}';
  }

  #writeStruct(value: Value, depth: number): void {
    this.text += '{';
    const fields = value.type.fields.filter((field) => field.isExported);
    fields.forEach(({name, jsonName}, i) => {
      if (i > 0) this.text += ',';
      this.text += `${quoteJson(jsonName)}:`;
      this.write(fieldOf(value, name), depth + 1);
    });
    this.text += '}';
  }
}

function numberOf(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  const name = value !== value ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  throw new TypeError(`json: unsupported value: ${name}`);
}

/** Characters that mean something in HTML are escaped, bytes that are no UTF-8 replaced. */
export function quoteJson(text: string): string {
  const inner = text
    .split(/[\ud800-\udfff]/u)
    .map((part) => JSON.stringify(part).slice(1, -1))
    .join('\\ufffd');
  const escaped = inner.replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}
