import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {systemClock} from '../sys/clock.ts';
import type {FileDiscoveryConfig} from './config.ts';
import {expandGlob, nodeDiscoveryFiles} from './files.ts';
import {DiscoveryBench} from './testing.ts';

function job(files: string[], refreshIntervalMs = 300_000) {
  const config: FileDiscoveryConfig = {mechanism: 'file', files, refreshIntervalMs};
  return {jobName: 'j', staticConfigs: [], discoveryConfigs: [config]};
}

test('FileDiscoverer reads JSON and YAML of all patterns', async () => {
  const bench = new DiscoveryBench();
  bench.files.texts.set(
    '/sd/a.json',
    '[{"targets": ["a:1", "a:2"], "labels": {"x": "y"}}, {"targets": ["b:1"]}]',
  );
  bench.files.texts.set('/sd/b.yml', '- targets: [c:1]\n  labels: {x: z}\n');
  bench.files.texts.set('/sd/b.txt', 'nothing');
  bench.files.texts.set('/other/c.yaml', '- targets: [d:1]\n');
  bench.manager.apply([job(['/sd/*.json', '/sd/b.yml', '/other/?.yaml'])]);
  await bench.clock.pass(100);
  assert.deepEqual(bench.targets.get('j'), [
    {
      source: '/sd/a.json:0',
      targets: [{__address__: 'a:1'}, {__address__: 'a:2'}],
      labels: {x: 'y', __meta_filepath: '/sd/a.json'},
    },
    {source: '/sd/a.json:1', targets: [{__address__: 'b:1'}], labels: {__meta_filepath: '/sd/a.json'}},
    {source: '/sd/b.yml:0', targets: [{__address__: 'c:1'}], labels: {x: 'z', __meta_filepath: '/sd/b.yml'}},
    {source: '/other/c.yaml:0', targets: [{__address__: 'd:1'}], labels: {__meta_filepath: '/other/c.yaml'}},
  ]);
  assert.deepEqual(bench.manager.statistics().fileTimes, [
    ['/sd/a.json', 1_600_000_000],
    ['/sd/b.yml', 1_600_000_000],
    ['/other/c.yaml', 1_600_000_000],
  ]);
  bench.manager.stop();
});

test('FileDiscoverer follows changes, and forgets groups and files that are gone', async () => {
  const bench = new DiscoveryBench();
  bench.files.set('/sd/a.yml', '[{targets: [a]}, {targets: [b]}]');
  bench.manager.apply([job(['/sd/*.yml'])]);
  await bench.clock.pass(100);
  assert.deepEqual(bench.addresses('j'), ['a', 'b']);
  bench.files.set('/sd/a.yml', '[{targets: [c]}]');
  bench.files.set('/sd/new.yml', '[{targets: [d]}]');
  await bench.clock.pass(5000);
  assert.deepEqual(bench.addresses('j'), ['c', 'd']);
  bench.files.set('/sd/a.yml', null);
  await bench.clock.pass(5000);
  assert.deepEqual(bench.addresses('j'), ['d']);
  assert.deepEqual(
    bench.manager.statistics().fileTimes.map(([file]) => file),
    ['/sd/new.yml'],
  );
  // Without any notice it is read after the interval.
  bench.files.texts.set('/sd/new.yml', '[{targets: [e]}]');
  await bench.clock.pass(305_000);
  assert.deepEqual(bench.addresses('j'), ['e']);
  bench.manager.stop();
  assert.equal(bench.files.watched.size, 0);
});

test('FileDiscoverer keeps its targets while the folder cannot be listed for want of descriptors', async () => {
  const bench = new DiscoveryBench();
  bench.files.set('/sd/a.yml', '[{targets: [a]}]');
  bench.files.set('/sd/b.yml', '[{targets: [b]}]');
  bench.manager.apply([job(['/sd/a*.yml', '/sd/b.yml'])]);
  await bench.clock.pass(100);
  bench.files.listError = Object.assign(new Error('EMFILE: too many open files'), {code: 'EMFILE'});
  bench.files.set('/sd/b.yml', '[{targets: [c]}]');
  await bench.clock.pass(5000);
  assert.deepEqual(bench.addresses('j'), ['a', 'c']);
  assert.match(bench.errors[0]!, /^Error expanding glob: EMFILE/);
  bench.files.listError = null;
  bench.files.set('/sd/a.yml', null);
  await bench.clock.pass(5000);
  assert.deepEqual(bench.addresses('j'), ['c']);
  bench.manager.stop();
});

test('FileDiscoverer reads changes also where something else in the folder changes all the time', async () => {
  const bench = new DiscoveryBench();
  bench.files.set('/sd/a.yml', '[{targets: [a]}]');
  bench.manager.apply([job(['/sd/*.yml'])]);
  await bench.clock.pass(100);
  bench.files.set('/sd/a.yml', '[{targets: [b]}]');
  for (let ms = 0; ms < 1200; ms += 20) {
    bench.files.set('/sd/log', String(ms));
    await bench.clock.pass(20);
  }
  assert.deepEqual(bench.addresses('j'), ['b']);
  bench.manager.stop();
});

test('a folder that cannot be looked at is like one that is not there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-sd-'));
  try {
    symlinkSync('circle', join(folder, 'circle'));
    assert.equal(nodeDiscoveryFiles.identity(join(folder, 'circle/')), null);
    assert.deepEqual(nodeDiscoveryFiles.list(join(folder, 'circle')), []);
    writeFileSync(join(folder, 'a.yml'), '');
    assert.deepEqual(expandGlob(nodeDiscoveryFiles, join(folder, 'a.yml')), [join(folder, 'a.yml')]);
    assert.deepEqual(expandGlob(nodeDiscoveryFiles, join(folder, 'b.yml')), []);
    assert.deepEqual(expandGlob(nodeDiscoveryFiles, join(folder, '[a]*')), [join(folder, 'a.yml')]);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});

test('FileDiscoverer keeps the last targets of a file that it cannot read, and says so', async () => {
  const f = async (name: string, wrong: string, message: string): Promise<void> => {
    const bench = new DiscoveryBench();
    const file = `/sd/${name}`;
    bench.files.set(file, '[{"targets": ["a"]}]');
    bench.manager.apply([job(['/sd/*'.concat(name.slice(name.lastIndexOf('.')))])]);
    await bench.clock.pass(100);
    bench.files.set(file, wrong);
    await bench.clock.pass(6000);
    assert.deepEqual(bench.addresses('j'), ['a'], wrong);
    assert.deepEqual(bench.errors, [`Error reading file: ${message}`]);
    const [failure] = bench.manager.failures();
    assert.deepEqual(
      [failure?.jobName, failure?.mechanism, failure?.part, failure?.error],
      ['j', 'file', file, message],
    );
    const statistics = bench.manager.statistics();
    assert.equal(statistics.fileReadErrors, 1);
    assert.deepEqual(statistics.failing, [{mechanism: 'file', config: 'j', failing: true}]);
    bench.files.set(file, '[{"targets": ["b"]}]');
    await bench.clock.pass(6000);
    assert.deepEqual(bench.addresses('j'), ['b']);
    assert.deepEqual(bench.manager.failures(), []);
    bench.manager.stop();
  };
  await f('a.yml', '- targets: [a]\n- null\n', 'yaml: line 2, column 3: nil target group item found');
  await f(
    'a.yml',
    '- targets: [a]\n  label: {}\n',
    'yaml: line 1, column 3: field label not found; did you mean labels?',
  );
  await f(
    'a.yml',
    'targets: [a]',
    'yaml: line 1, column 1: cannot unmarshal !!map into a list of target groups',
  );
  await f('a.json', '[null]', 'nil target group item found');
  await f('a.json', '{}', 'json: cannot unmarshal object into a list of target groups');
  await f('a.json', '[{"targets": ["a"], "x": 1}]', 'json: unknown field "x"');
  await f('a.json', '[{"targets": [1]}]', 'json: cannot unmarshal number into a target');
  await f('a.json', '[{"labels": {"a": true}}]', 'json: cannot unmarshal bool into the label "a"');
});

test('FileDiscoverer sees real files change', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-test-'));
  const bench = new DiscoveryBench({clock: systemClock, files: nodeDiscoveryFiles});
  const until = async (addresses: string[]): Promise<void> => {
    for (let i = 0; i < 200; i++) {
      if (JSON.stringify(bench.addresses('j')) === JSON.stringify(addresses)) return;
      await sleep(20);
    }
    assert.deepEqual(bench.addresses('j'), addresses);
  };
  try {
    writeFileSync(join(folder, 'a.json'), '[{"targets": ["a:1"]}]');
    bench.manager.apply([job([join(folder, '[a-c]*.json')], 1000)]);
    await until(['a:1']);
    writeFileSync(join(folder, 'tmp'), '[{"targets": ["a:2"]}]');
    renameSync(join(folder, 'tmp'), join(folder, 'b.json'));
    await until(['a:1', 'a:2']);
    rmSync(join(folder, 'a.json'));
    await until(['a:2']);
    // The folder itself goes, and comes again.
    rmSync(folder, {recursive: true});
    await until([]);
    mkdirSync(folder);
    writeFileSync(join(folder, 'c.json'), '[{"targets": ["a:3"]}]');
    await until(['a:3']);
    writeFileSync(join(folder, 'c.json'), '[{"targets": ["a:4"]}]');
    await until(['a:4']);
  } finally {
    bench.manager.stop();
    rmSync(folder, {recursive: true});
  }
});
