import type crypto from 'node:crypto';

/** Node's module, which takes 0.4 MB of each thread that has loaded it: many threads never need it. */
export function lazyCrypto(): typeof crypto {
  return process.getBuiltinModule('node:crypto');
}
