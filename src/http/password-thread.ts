// The thread that compares passwords with their hashes, one after the other: bcrypt takes long on purpose.

import {parentPort} from 'node:worker_threads';
import {compareSync} from 'bcryptjs';
import {assert} from '../base/assert.ts';
import {serve} from '../sys/rpc.ts';
import type {PasswordToCheck} from './passwords.ts';

assert(parentPort !== null, 'the password thread is started as a worker');
serve(parentPort, {
  isRight: ({hash, password}: PasswordToCheck) => {
    try {
      return compareSync(password, hash);
    } catch {
      return false; // The hash is none.
    }
  },
});
