import assert from 'node:assert/strict';
import test from 'node:test';
import {codeMappings} from './resident.ts';

const lines = (anonymous: number, swap = 0): string =>
  `Size: 64 kB\nRss: 32 kB\nAnonymous:       ${anonymous} kB\nSwap:            ${swap} kB\nVmFlags: rd ex mr\n`;

test('code of the program is found, and nothing that would be lost', () => {
  const f = (smaps: string) => codeMappings(smaps, '/opt/node');
  assert.deepEqual(f(`00400000-00410000 r-xp 00000000 fe:00 5316623    /opt/node\n${lines(0)}`), [
    {address: 0x40_0000, bytes: 0x1_0000},
  ]);
  assert.deepEqual(f(`00400000-00410000 r--p 00000000 fe:00 5316623    /opt/node\n${lines(0)}`).length, 1);
  // Relocated or patched, swapped out, writable, another file, no file.
  assert.deepEqual(f(`00400000-00410000 r--p 00000000 fe:00 5316623    /opt/node\n${lines(4)}`), []);
  assert.deepEqual(f(`00400000-00410000 r--p 00000000 fe:00 5316623    /opt/node\n${lines(0, 4)}`), []);
  assert.deepEqual(f(`00400000-00410000 rw-p 00000000 fe:00 5316623    /opt/node\n${lines(0)}`), []);
  assert.deepEqual(f(`00400000-00410000 r-xp 00000000 fe:00 5316623    /lib/libc.so.6\n${lines(0)}`), []);
  assert.deepEqual(f(`00400000-00410000 r-xp 00000000 00:00 0 \n${lines(0)}`), []);
  // One after the other, each by its own lines; a second mapping of the same part may go away at any time.
  const all = [
    `00400000-00410000 r--p 00000000 fe:00 1    /opt/node\n${lines(4)}`,
    `00410000-00420000 r-xp 00010000 fe:00 1    /opt/node\n${lines(0)}`,
    `00420000-00430000 rw-p 00020000 fe:00 1    /opt/node\n${lines(0)}`,
    `7f472ef40000-7f472ef50000 r-xp 00010000 fe:00 1    /opt/node\n${lines(0)}`,
  ];
  assert.deepEqual(f(all.join('')), [{address: 0x41_0000, bytes: 0x1_0000}]);
});
