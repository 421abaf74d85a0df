// Random expressions over random series, answered by Prometheus (3 or newer) and by Narthex, both as servers over HTTP. The
// same seed gives the same expressions. A difference is shrunk and printed with its number.
//
//   ENGINE_QUERIES=100000 ENGINE_SECONDS=3600 npm run test:peers -- fuzz     expressions for each set of features
//   ENGINE_SEED=7 ...                                                        other expressions
//   ENGINE_SEED=7 ENGINE_FIRST=1234 ENGINE_QUERIES=1 ...                     one of them again
//   ENGINE_EXPLAINED=yes ...                                                prints differences with a known reason, too
//   ENGINE_STORE=memory ...                                                  the engine in this process, not the server
import assert from 'node:assert/strict';
import test, {after} from 'node:test';
import {fuzz, type FuzzReport} from '../lib/fuzz/fuzz.ts';
import {ServerSide} from '../lib/fuzz/sides.ts';

const seed = Number(process.env['ENGINE_SEED'] ?? 1);
const first = Number(process.env['ENGINE_FIRST'] ?? 0);
const count = Number(process.env['ENGINE_QUERIES'] ?? 4000);
const secondsMax = Number(process.env['ENGINE_SECONDS'] ?? 25);
const explained = process.env['ENGINE_EXPLAINED'] !== undefined;
const ours = process.env['ENGINE_STORE'] === 'memory' ? 'memory' : 'server';

/** Prometheus 2 has other windows, other literals and no remarks; engine.test.ts compares with it what can be compared. */
const versionMin = 3;

const featureSets: readonly (readonly string[])[] = [
  ['promql-experimental-functions', 'native-histograms'],
  ['promql-experimental-functions', 'native-histograms', 'promql-delayed-name-removal'],
  [
    'promql-experimental-functions',
    'native-histograms',
    'promql-extended-range-selectors',
    'promql-binop-fill-modifiers',
    'promql-duration-expr',
  ],
  ['promql-experimental-functions', 'native-histograms', 'type-and-unit-labels', 'promql-per-step-stats'],
  [
    'promql-experimental-functions',
    'native-histograms',
    'type-and-unit-labels',
    'promql-delayed-name-removal',
    'promql-binop-fill-modifiers',
    'promql-extended-range-selectors',
    'promql-duration-expr',
  ],
];

const peer = await ServerSide.prometheus([]);
const version = await peer.version();
after(() => peer.stop());

for (const features of featureSets) {
  const skip = version < versionMin && `Prometheus ${version} is too old`;
  test(`random queries with ${features.join(', ')} (ENGINE_SEED=${seed})`, {skip}, async (t) => {
    const report = await fuzz({
      seed,
      first,
      count,
      features,
      histograms: true,
      ours,
      differencesMax: 20,
      secondsMax,
      ...(explained ? {onExplained: (text) => t.diagnostic(text)} : {}),
    });
    t.diagnostic(summary(report));
    // At once, and not only when all sets of features are through.
    for (const difference of report.differences) t.diagnostic(difference);
    assert.equal(report.differences.length, 0, 'nothing differs');
    // Among all expressions there are enough of each kind.
    if (count < 1000) return;
    assert.ok(report.nonEmpty > report.asked * 0.5, 'most have a result');
    assert.ok(report.refused > report.asked * 0.03, 'some are refused');
  });
}

function summary({asked, nonEmpty, refused, explained, differences, seconds}: FuzzReport): string {
  const percent = (part: number): string => `${((100 * part) / asked).toFixed(1)} %`;
  const lines = [
    `Prometheus ${version}, seed ${seed}: ${asked} expressions from number ${first} on in ${seconds.toFixed(0)} s, ` +
      `${percent(nonEmpty)} with a result, ${percent(refused)} refused, ${differences.length} differ`,
  ];
  for (const [reason, times] of explained) lines.push(`  ${times} explained: ${reason}`);
  return lines.join('\n');
}
