import assert from 'node:assert/strict';
import test from 'node:test';
import {createLogger} from '../sys/log.ts';
import {type DiskSize, retentionLimits} from './retention-limits.ts';

test('retentionLimits() takes a part of the disk, or the bytes where the disk does not tell its size', () => {
  const lines: string[] = [];
  const logger = createLogger(
    {level: 'warn', format: 'logfmt'},
    {write: (line) => lines.push(line), now: () => new Date()},
  );
  function f(retention: {bytes: number; percentage: number}, diskBytes: DiskSize, expected: number): void {
    const limits = retentionLimits({timeMs: 7, ...retention}, {dir: '/data', diskBytes, logger});
    assert.deepEqual(limits, {timeMs: 7, bytes: expected});
  }
  const fails = (): number => {
    throw new Error('EIO: i/o error, statfs');
  };
  f({bytes: 5, percentage: 0}, fails, 5);
  f({bytes: 5, percentage: 12.5}, () => 1001, 125);
  f({bytes: 0, percentage: 100}, () => 1001, 1001);
  assert.equal(lines.length, 0);
  f({bytes: 5, percentage: 12.5}, () => 0, 5);
  f({bytes: 0, percentage: 12.5}, fails, 0);
  assert.equal(lines.length, 2);
  assert.match(
    lines[1]!,
    /level=WARN .*skip percentage limitation.* dir=\/data err="EIO: i\/o error, statfs"/,
  );
});
