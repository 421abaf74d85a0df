// Prometheus's duration syntax (common/model/time.go): `1y2w3d4h5m6s7ms`, units in this order, each at most once, `0`.

import {quoteGo} from '../base/quote.ts';

const unitNames = ['y', 'w', 'd', 'h', 'm', 's', 'ms'];
const unitScales = [365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1];

/** The longest duration, 2^63 ns, in milliseconds. */
const durationMsMax = Number(2n ** 63n / 1_000_000n);

/** Milliseconds. Throws SyntaxError with Prometheus's words. */
export function parseDuration(text: string): number {
  if (text === '') throw new SyntaxError('empty duration string');
  if (text === '0') return 0;
  const part = /([0-9]+)([^0-9]+)/y;
  let total = 0;
  let unitBefore = -1;
  while (part.lastIndex < text.length) {
    const [, digits, name] = part.exec(text) ?? [];
    if (digits === undefined) throw invalid(text);
    const unit = unitNames.indexOf(name!);
    if (unit < 0) throw new SyntaxError(`unknown unit ${quoteGo(name!)} in duration ${quoteGo(text)}`);
    if (unit <= unitBefore) throw invalid(text);
    unitBefore = unit;
    total += Number(digits) * unitScales[unit]!;
    if (total > durationMsMax) throw new SyntaxError('duration out of range');
  }
  return total;
}

function invalid(text: string): SyntaxError {
  return new SyntaxError(`not a valid duration string: ${quoteGo(text)}`);
}

/** As Prometheus prints it: years and weeks only where nothing is left over, since `90d` reads better than `12w6d`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let left = Math.abs(ms);
  let text = ms < 0 ? '-' : '';
  for (let i = 0; i < unitNames.length; i++) {
    const scale = unitScales[i]!;
    if (i < 2 && left % scale !== 0) continue;
    const count = Math.floor(left / scale);
    if (count === 0) continue;
    text += `${count}${unitNames[i]}`;
    left -= count * scale;
  }
  return text;
}
