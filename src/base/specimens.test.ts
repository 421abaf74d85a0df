import assert from 'node:assert/strict';
import test from 'node:test';
import {setImmediate as turn} from 'node:timers/promises';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {keepSpecimen} from './specimens.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

class First {}
class Second {}

/** Says of an object, which nothing else refers to, whether it is still there after a collection. */
function kept(make: () => object): WeakRef<object> {
  const object = make();
  keepSpecimen(object);
  return new WeakRef(object);
}

test('the newest object of each class is kept, and only that', async () => {
  const firsts = [kept(() => new First()), kept(() => new First())];
  const second = kept(() => new Second());
  // What a WeakRef was made of lives until the end of the turn.
  await turn();
  collect();
  assert.deepEqual(
    [...firsts, second].map((each) => each.deref() !== undefined),
    [false, true, true],
  );
});
