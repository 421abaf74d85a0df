import assert from 'node:assert/strict';
import test from 'node:test';
import {exemplarsBody} from './exemplars.ts';

test('exemplarsBody() writes what Prometheus writes', () => {
  const f = (found: Parameters<typeof exemplarsBody>[0], expected: string): void => {
    assert.equal(new TextDecoder().decode(exemplarsBody(found)), `{"status":"success","data":${expected}}`);
  };
  f([], '[]');
  f(
    [
      {
        seriesLabels: {__name__: 'requests_total', job: 'a'},
        exemplars: [
          {labels: {trace_id: 'x"y'}, value: 6, timeMs: 1_600_096_945_479},
          {labels: {}, value: Infinity, timeMs: 1_600_096_946_000},
        ],
      },
      {seriesLabels: {}, exemplars: [{labels: {a: 'b', c: 'd'}, value: 1e-7, timeMs: -1}]},
    ],
    '[{"seriesLabels":{"__name__":"requests_total","job":"a"},"exemplars":[' +
      '{"labels":{"trace_id":"x\\"y"},"value":"6","timestamp":1600096945.479},' +
      '{"labels":{},"value":"+Inf","timestamp":1600096946}]},' +
      '{"seriesLabels":{},"exemplars":[{"labels":{"a":"b","c":"d"},"value":"1e-07","timestamp":-0.001}]}]',
  );
});
