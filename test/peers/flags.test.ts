// The flags that Prometheus has against those that Narthex knows.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import test from 'node:test';
import {obsoleteServerFlagSpecs, serverFlagSpecs} from '../../src/cmd/server-flag-specs.ts';
import {parseServerFlags} from '../../src/cmd/server-flags.ts';
import {requireProgram, startPrometheus} from '../lib/narthex.ts';

const known = new Set([...serverFlagSpecs, ...obsoleteServerFlagSpecs].map(({name}) => name));

/** Set by the test, changed by Debian, or another default in another version. */
const differing = new Set([
  'config.file',
  'storage.agent.path',
  'storage.agent.retention.max-time',
  'storage.agent.retention.min-time',
  'storage.tsdb.path',
  'storage.tsdb.retention.time',
  'storage.tsdb.wal-compression-type',
  'web.console.libraries',
  'web.console.templates',
  'web.enable-lifecycle',
  'web.enable-remote-write-receiver',
  'web.listen-address',
  'web.local-assets',
  'web.remote-write-receiver.accepted-protobuf-messages',
]);

test('Narthex knows every flag of Prometheus, with its default', async () => {
  const prometheus = await startPrometheus();
  try {
    const response = await fetch(`${prometheus.url}/api/v1/status/flags`);
    const {data} = (await response.json()) as {data: Record<string, string>};
    const line = parseServerFlags([]);
    assert.ok(line.kind === 'run');
    const {values} = line.flags;
    for (const [name, value] of Object.entries(data)) {
      assert.ok(known.has(name), `--${name}`);
      if (differing.has(name) || !(name in values)) continue;
      assert.equal(values[name], value, `--${name}`);
    }
  } finally {
    await prometheus.stop();
  }
});

test('Narthex knows every flag that prometheus --help lists', () => {
  const program = requireProgram('prometheus', 'prometheus');
  const {stdout, stderr} = spawnSync(program, ['--help'], {encoding: 'utf8'});
  const names = [...`${stdout}${stderr}`.matchAll(/^ +(?:-h, )?--(?:\[no-\])?([a-z][a-z.-]*[a-z])/gm)].map(
    (match) => match[1]!,
  );
  assert.ok(names.length > 30, `${names.length} flags`);
  assert.deepEqual(
    names.filter((name) => !known.has(name)),
    [],
  );
});

test('Narthex ends with the exit codes of Prometheus', () => {
  const program = requireProgram('prometheus', 'prometheus');
  const narthex = new URL('../../bin/narthex', import.meta.url).pathname;
  const code = (command: string, args: string[]): number | null => spawnSync(command, args).status;
  for (const args of [
    ['--nope'],
    ['extra'],
    ['--config.file'],
    ['--log.level=loud'],
    ['--query.timeout=5'],
    ['--storage.agent.path=x'],
    ['--config.file=/does/not/exist.yml'],
    ['--version'],
  ])
    assert.equal(code(narthex, args), code(program, args), args.join(' '));
});
