import assert from 'node:assert/strict';
import test from 'node:test';
import {recordOf} from '../discovery/targetgroup.ts';
import {formatLabels, labelsToRecord} from '../model/labels.ts';
import type {RelabelConfig} from '../relabel/config.ts';
import {compileRelabel} from '../relabel/relabel.ts';
import type {ScrapeConfig} from './config.ts';
import {targetsOf} from './target.ts';
import {scrapeConfig} from './testing.ts';

function targets(
  own: Record<string, string>,
  options: {
    config?: Partial<ScrapeConfig>;
    relabel?: Partial<RelabelConfig>[];
    group?: Record<string, string>;
  } = {},
): ReturnType<typeof targetsOf> {
  const config = scrapeConfig(options.config ?? {});
  const relabel = (options.relabel ?? []).map((each) => ({...relabelDefaults, ...each}));
  return targetsOf(config, compileRelabel(relabel), {
    source: '0',
    targets: [own],
    labels: options.group ?? {},
  });
}

const relabelDefaults: RelabelConfig = {
  sourceLabels: [],
  separator: ';',
  regex: '(.*)',
  modulus: 0,
  targetLabel: '',
  replacement: '$1',
  action: 'replace',
};

test('targetsOf() fills in what the configuration says; the target wins over its group', () => {
  const {
    targets: found,
    dropped,
    failures,
  } = targets(
    {__address__: 'host:9100', a: 'target'},
    {group: {a: 'group', b: 'group'}, config: {params: {module: ['x y', 'z']}}},
  );
  assert.deepEqual([dropped, failures], [[], []]);
  const target = found[0]!;
  assert.deepEqual(labelsToRecord(target.discoveredLabels), {
    __address__: 'host:9100',
    __always_scrape_classic_histograms__: 'false',
    __convert_classic_histograms_to_nhcb__: 'false',
    __metrics_path__: '/metrics',
    __param_module: 'x y',
    __scheme__: 'http',
    __scrape_native_histograms__: 'false',
    __scrape_interval__: '15s',
    __scrape_timeout__: '10s',
    a: 'target',
    b: 'group',
    job: 'test',
  });
  assert.equal(
    formatLabels(target.publicLabels),
    '{a="target", b="group", instance="host:9100", job="test"}',
  );
  assert.equal(target.url, 'http://host:9100/metrics?module=x+y&module=z');
  assert.deepEqual([target.intervalMs, target.timeoutMs], [15_000, 10_000]);
});

test('targetsOf() lets relabeling decide address, path, scheme, parameters, interval and timeout', () => {
  const set = (targetLabel: string, replacement: string): Partial<RelabelConfig> => ({
    targetLabel,
    replacement,
  });
  const {targets: found} = targets(
    {__address__: 'example.com', __meta_zone: 'z1'},
    {
      config: {params: {module: ['a']}},
      relabel: [
        {sourceLabels: ['__address__'], targetLabel: '__param_target'},
        {sourceLabels: ['__meta_zone'], targetLabel: 'zone'},
        set('__address__', 'prober:9115'),
        set('__metrics_path__', 'probe path'),
        set('__scheme__', 'https'),
        set('__param_module', 'b'),
        set('__scrape_interval__', '1m'),
        set('__scrape_timeout__', '59s'),
        set('instance', 'given'),
      ],
    },
  );
  const target = found[0]!;
  assert.equal(target.url, 'https://prober:9115/probe%20path?module=b&target=example.com');
  assert.equal(formatLabels(target.publicLabels), '{instance="given", job="test", zone="z1"}');
  assert.deepEqual([target.intervalMs, target.timeoutMs], [60_000, 59_000]);
  assert.ok(!JSON.stringify(target.labels).includes('__meta_'), 'meta labels are gone');
});

test('targetsOf() adds no port', () => {
  assert.equal(targets({__address__: 'host'}).targets[0]!.url, 'http://host/metrics');
  assert.equal(targets({__address__: '[::1]:80'}).targets[0]!.url, 'http://[::1]:80/metrics');
});

test('targetsOf() lists what relabeling dropped', () => {
  const {targets: found, dropped} = targets(
    {__address__: 'host:1'},
    {relabel: [{action: 'drop', sourceLabels: ['__address__'], regex: 'host:.*'}]},
  );
  assert.deepEqual(found, []);
  assert.equal(recordOf(dropped[0]!)['__address__'], 'host:1');
});

test('targetsOf() says what is wrong with a target', () => {
  const f = (own: Record<string, string>, message: string): void => {
    const {targets: found, failures} = targets(own);
    assert.deepEqual(found, []);
    assert.deepEqual(failures, [`instance 0 in group 0: ${message}`]);
  };
  f({}, 'no address');
  f({__address__: 'http://host'}, '"http://host" is not a valid hostname');
  f({__address__: 'a', __scrape_interval__: '0s'}, 'scrape interval cannot be 0');
  f({__address__: 'a', __scrape_timeout__: '0'}, 'scrape timeout cannot be 0');
  f(
    {__address__: 'a', __scrape_interval__: 'x'},
    'error parsing scrape interval: not a valid duration string: "x"',
  );
  f(
    {__address__: 'a', __scrape_interval__: '5s'},
    'scrape timeout cannot be greater than scrape interval ("10s" > "5s")',
  );
});

test('targets with the same labels and URL have the same key', () => {
  const key = (own: Record<string, string>): string => targets(own).targets[0]!.key;
  assert.equal(key({__address__: 'a:1'}), key({__address__: 'a:1'}));
  assert.notEqual(key({__address__: 'a:1'}), key({__address__: 'a:1', x: 'y'}));
  assert.notEqual(key({__address__: 'a:1'}), key({__address__: 'a:1', __param_x: 'y'}));
});

test('labels say what is to be done with histograms', () => {
  const f = (text: string, expected: object): void => {
    const found = targets({__address__: 'x', __scrape_native_histograms__: text}).targets[0]!;
    assert.deepEqual(found.histograms, expected, text);
  };
  const others = {keepClassic: false, convertClassic: false};
  f('true', {native: true, ...others});
  f('F', {native: false, ...others});
  f('', {native: false, ...others});
  assert.match(
    targets({__address__: 'x', __convert_classic_histograms_to_nhcb__: 'yes'}).failures[0]!,
    /error parsing convert classic histograms to nhcb: strconv.ParseBool: parsing "yes": invalid syntax$/,
  );
});
