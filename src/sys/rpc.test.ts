import assert from 'node:assert/strict';
import test from 'node:test';
import {MessageChannel} from 'node:worker_threads';
import {Caller, serve, transfer} from './rpc.ts';

test('Caller gets values, errors with their names, and transferred buffers', async () => {
  const {port1, port2} = new MessageChannel();
  serve(port1, {
    double: (n: number) => 2 * n,
    fail: () => {
      throw Object.assign(new RangeError('too far'), {code: 'FAR'});
    },
    bytes: () => {
      const bytes = Uint8Array.of(1, 2, 3);
      return transfer(bytes, [bytes.buffer]);
    },
  });
  const caller = new Caller(port2);
  assert.equal(await caller.call('double', 21), 42);
  await assert.rejects(caller.call('fail'), {name: 'RangeError', message: 'too far', code: 'FAR'});
  await assert.rejects(caller.call('absent'), {name: 'RangeError'});
  assert.deepEqual(await caller.call('bytes'), Uint8Array.of(1, 2, 3));
  const open = caller.call('double', 1);
  caller.close(new Error('gone'));
  await assert.rejects(open, /gone/);
  await assert.rejects(caller.call('double', 1), /gone/);
  port1.close();
});
