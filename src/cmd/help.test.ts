import assert from 'node:assert/strict';
import test from 'node:test';
import {formatHelp} from './help.ts';
import {serverFlagSpecs} from './server-flag-specs.ts';

test('formatHelp() lays out as kingpin does', () => {
  const text = formatHelp(
    'prog',
    'About it.',
    [
      {name: 'help', kind: 'switch', initial: 'false', help: 'Show this.', support: 'works', short: 'h'},
      {name: 'a.file', kind: 'text', initial: 'x.yml', help: 'A file.', support: 'works', mode: 'server'},
      {
        name: 'a.very-long-flag-name',
        kind: 'duration',
        initial: '5m',
        help: 'Text that is long enough to wrap here.',
        support: 'later',
      },
      {name: 'secret', kind: 'text', initial: '', help: '', support: 'works', hidden: true},
      {name: 'url', kind: 'text', initial: '', help: 'Where.', support: 'works', placeholder: '<URL>'},
      {name: 'many', kind: 'texts', initial: ':1', help: 'Several.', support: 'works'},
    ],
    60,
  );
  assert.equal(
    text,
    `usage: prog [<flags>]

About it.


Flags:
  -h, --[no-]help       Show this.
      --a.file="x.yml"  A file. Use with server mode only.
      --a.very-long-flag-name=5m  
                        [NOT SUPPORTED YET] Text that is
                        long enough to wrap here.
      --url=<URL>       Where.
      --many=:1 ...     Several.
`,
  );
});

test('formatHelp() keeps to the width for all flags of the server', () => {
  const lines = formatHelp('narthex', 'x', serverFlagSpecs, 80).split('\n');
  const long = lines.filter((line) => line.trimEnd().length > 80 && !line.trimStart().startsWith('--'));
  assert.deepEqual(long, []);
});
