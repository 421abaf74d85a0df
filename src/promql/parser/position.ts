import type {PositionRange} from '../ast.ts';

/** A query that is no PromQL. `message` is what Prometheus answers: `1:5: parse error: unexpected …`. */
export class ParseError extends SyntaxError {
  readonly query: string;
  readonly range: PositionRange;
  /** The message without its position. */
  readonly reason: string;

  constructor(query: string, range: PositionRange, reason: string) {
    super(`${formatPosition(query, range.start)}: parse error: ${reason}`);
    this.name = 'ParseError';
    this.query = query;
    this.range = range;
    this.reason = reason;
  }
}

/** `line:column` of an offset into `query`, both from 1. Columns count bytes of UTF-8, as Prometheus counts them. */
export function formatPosition(query: string, offset: number): string {
  if (query === '') return 'unknown position';
  if (offset < 0 || offset > query.length) return 'invalid position';
  const before = query.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  return `${line}:${utf8Length(before, lineStart) + 1}`;
}

/** How many bytes of UTF-8 precede an offset into `query`: Prometheus's own measure of positions. */
export function byteOffset(query: string, offset: number): number {
  return utf8Length(query.slice(0, offset), 0);
}

function utf8Length(text: string, start: number): number {
  let length = 0;
  for (let i = start; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair stands for two of the pair's four bytes.
    length += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return length;
}
