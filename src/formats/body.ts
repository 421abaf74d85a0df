import type {ExpositionFormat} from './exposition.ts';
import {LineParser, lineKind} from './exposition.ts';

/** Receives what stands in an exposition, in order. */
export interface ExpositionVisitor {
  /** A sample: the parser's fields hold it during the call. `series` is the text of the series as it stood in the body. */
  sample: (parser: LineParser, series: string) => void;
  metadata?: (metric: string, kind: 'help' | 'type' | 'unit', text: string) => void;
}

const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/** Reads a whole body: the plain way. Throws SyntaxError or RangeError with the number of the line. */
export function parseExposition(
  body: Uint8Array,
  format: ExpositionFormat,
  visitor: ExpositionVisitor,
): void {
  if (body.length === 0) return;
  const parser = new LineParser(format);
  let line = 1;
  let position = 0;
  let ended = false;
  try {
    while (position < body.length) {
      if (ended) throw new SyntaxError('unexpected data after # EOF');
      let size = lineSize(body, position);
      if (isPlainComment(body, position, format)) {
        position += size;
        line++;
        continue;
      }
      let text = decodeLine(body, position, size);
      let kind = parser.parse(text);
      while (kind === lineKind.incomplete) {
        if (position + size === body.length) throw new SyntaxError('quoted text does not end');
        size += lineSize(body, position + size);
        text = decodeLine(body, position, size);
        kind = parser.parse(text);
      }
      if (format === 'openmetrics' && kind !== lineKind.end && !text.endsWith('\n')) {
        throw new SyntaxError('data does not end with # EOF');
      }
      if (kind === lineKind.sample) {
        visitor.sample(parser, text.slice(0, parser.seriesEnd));
      } else if (kind === lineKind.help) {
        visitor.metadata?.(parser.metric, 'help', parser.text);
      } else if (kind === lineKind.type) {
        visitor.metadata?.(parser.metric, 'type', parser.text);
      } else if (kind === lineKind.unit) {
        visitor.metadata?.(parser.metric, 'unit', parser.text);
      }
      ended = kind === lineKind.end;
      line += countNewlines(text, text.length);
      position += size;
    }
    if (format === 'openmetrics' && !ended) throw new SyntaxError('data does not end with # EOF');
  } catch (cause) {
    throw atLine(cause, line);
  }
}

/** Puts the number of the line before the message of an error that the parser threw. */
export function atLine(error: unknown, line: number): unknown {
  if (error instanceof SyntaxError || error instanceof RangeError) {
    error.message = `line ${line}: ${error.message}`;
  }
  return error;
}

/** A comment that is neither HELP nor TYPE: text format takes any bytes there, also what is no UTF-8. */
function isPlainComment(body: Uint8Array, position: number, format: ExpositionFormat): boolean {
  if (format !== 'text') return false;
  let at = position;
  while (body[at] === 0x20 || body[at] === 0x09) at++;
  if (body[at] !== 0x23) return false;
  at++;
  if (body[at] !== 0x20 && body[at] !== 0x09) return true;
  while (body[at] === 0x20 || body[at] === 0x09) at++;
  return body[at] !== 0x48 && body[at] !== 0x54;
}

function lineSize(body: Uint8Array, position: number): number {
  const end = body.indexOf(0x0a, position);
  return (end < 0 ? body.length : end + 1) - position;
}

function decodeLine(body: Uint8Array, position: number, size: number): string {
  try {
    return decoder.decode(body.subarray(position, position + size));
  } catch {
    throw new SyntaxError('invalid UTF-8');
  }
}

function countNewlines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
