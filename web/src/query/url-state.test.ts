import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {defaultPanel, type PanelState} from './panel.ts';
import {decodePanels, encodePanels, panelsMax} from './url-state.ts';

const noon = Date.UTC(2026, 10, 20, 12, 0, 0);

test('decodePanels() reads links of Prometheus 3', () => {
  const search =
    '?g0.expr=rate%28x%5B5m%5D%29&g0.show_tree=0&g0.tab=graph&g0.end_input=2026-11-20+12%3A00%3A00' +
    '&g0.moment_input=2026-11-20+12%3A00%3A00&g0.range_input=2h&g0.res_type=fixed&g0.res_step=60' +
    '&g0.display_mode=stacked&g0.y_axis_min=0&g0.show_exemplars=0&g1.expr=up&g1.tab=table&g1.range_input=1h' +
    '&g1.res_type=auto&g1.res_density=high&g1.display_mode=lines';
  assert.deepEqual(decodePanels(search), [
    {
      expr: 'rate(x[5m])',
      tab: 'graph',
      rangeMs: 7_200_000,
      endMs: noon,
      resolution: {kind: 'fixed', stepMs: 60_000},
      display: 'stacked',
      yMin: 0,
    },
    {...defaultPanel, expr: 'up', resolution: {kind: 'auto', density: 'high'}},
  ]);
});

test('decodePanels() reads links of Prometheus 2', () => {
  assert.deepEqual(
    decodePanels(
      '?g0.expr=up&g0.tab=0&g0.stacked=1&g0.range_input=30m&g0.step_input=15&g0.end_input=2026-11-20 12:00',
    ),
    [
      {
        ...defaultPanel,
        expr: 'up',
        tab: 'graph',
        display: 'stacked',
        rangeMs: 1_800_000,
        resolution: {kind: 'custom', stepMs: 15_000},
        endMs: noon,
      },
    ],
  );
});

test('decodePanels() puts what is not valid at its default', () => {
  function f(search: string, expected: PanelState[]): void {
    assert.deepEqual(decodePanels(search), expected, search);
  }
  f('', []);
  f('?g1.expr=up', []);
  f(
    '?g0.expr=up&g0.tab=alerts&g0.range_input=soon&g0.end_input=x&g0.res_type=fixed&g0.res_step=-1&g0.y_axis_min=a',
    [{...defaultPanel, expr: 'up'}],
  );
  f('?g0.expr=up&g0.range_input=0&g0.res_type=custom&g0.res_step=Infinity', [{...defaultPanel, expr: 'up'}]);
  const many = Array.from({length: panelsMax + 5}, (_, index) => `g${index}.expr=up`).join('&');
  assert.equal(decodePanels(many).length, panelsMax);
});

test('encodePanels() leaves defaults out', () => {
  assert.equal(encodePanels([{...defaultPanel, expr: 'up == 0'}]), 'g0.expr=up+%3D%3D+0&g0.tab=table');
});

test('decodePanels() reads back what encodePanels() wrote', () => {
  const plain = {noNullPrototype: true};
  const resolution = fc.oneof(
    fc.record({kind: fc.constant('auto' as const), density: fc.constantFrom('low', 'medium', 'high')}, plain),
    fc.record({kind: fc.constantFrom('fixed', 'custom'), stepMs: fc.integer({min: 1, max: 1e9})}, plain),
  );
  const panel = fc.record(
    {
      expr: fc.string({unit: 'grapheme'}),
      tab: fc.constantFrom('table', 'graph', 'explain'),
      rangeMs: fc.integer({min: 1, max: 1e11}),
      endMs: fc.option(fc.integer({min: 0, max: 4e12})),
      resolution,
      display: fc.constantFrom('lines', 'stacked'),
      yMin: fc.option(fc.integer()),
    },
    plain,
  );
  fc.assert(
    fc.property(fc.array(panel, {maxLength: 4}), (panels) => {
      assert.deepEqual(decodePanels(encodePanels(panels)), panels);
    }),
  );
});
