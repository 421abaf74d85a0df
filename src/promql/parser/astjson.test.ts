import assert from 'node:assert/strict';
import test from 'node:test';
import {exprToJson} from './astjson.ts';
import {parseExpr} from './parser.ts';

const allFeatures = {experimentalFunctions: true, extendedRangeSelectors: true, fillModifiers: true};

function f(query: string, expected: string): void {
  assert.equal(JSON.stringify(exprToJson(parseExpr(query, allFeatures))), expected.replaceAll(/\n */g, ''));
}

const up =
  '{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":0,"offsetExpr":null,' +
  '"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"}';

test('exprToJson() has the fields of /api/v1/parse_query', () => {
  f('1.5e30', '{"type":"numberLiteral","val":"1500000000000000000000000000000"}');
  f('-Inf', '{"type":"numberLiteral","val":"-Inf"}');
  f('5m', '{"type":"numberLiteral","val":"300"}');
  f('"a\\xff"', '{"type":"stringLiteral","val":"a\ufffd"}');
  f('up', up);
  f('(-up)', `{"expr":{"expr":${up},"op":"-","type":"unaryExpr"},"type":"parenExpr"}`);
  f(
    'topk by (a) (2, up)',
    `{"expr":${up},"grouping":["a"],"op":"topk","param":{"type":"numberLiteral","val":"2"},"type":"aggregation","without":false}`,
  );
  f('sum(up)', `{"expr":${up},"grouping":[],"op":"sum","param":null,"type":"aggregation","without":false}`);
  f(
    'round(up)',
    `{"args":[${up}],"func":{"argTypes":["vector","scalar"],"name":"round","returnType":"vector","variadic":1},"type":"call"}`,
  );
});

test('exprToJson() tells how operators match', () => {
  f(
    'up + 1',
    `{"bool":false,"lhs":${up},"matching":null,"op":"+","rhs":{"type":"numberLiteral","val":"1"},"type":"binaryExpr"}`,
  );
  f(
    'up == bool on(a) group_left(b) fill_left(1) up',
    `{"bool":true,"lhs":${up},
    "matching":{"card":"many-to-one","fillValues":{"lhs":1,"rhs":null},"include":["b"],"labels":["a"],"on":true},
    "op":"==","rhs":${up},"type":"binaryExpr"}`,
  );
  f(
    'up and up',
    `{"bool":false,"lhs":${up},
    "matching":{"card":"many-to-many","fillValues":{"lhs":null,"rhs":null},"include":[],"labels":[],"on":false},
    "op":"and","rhs":${up},"type":"binaryExpr"}`,
  );
});

test('exprToJson() tells times in milliseconds', () => {
  f(
    'up{a!~"b"}[5m] smoothed @ 1.5 offset -1m',
    `{"anchored":false,"matchers":[{"name":"a","type":"!~","value":"b"},{"name":"__name__","type":"=","value":"up"}],
    "name":"up","offset":-60000,"offsetExpr":null,"range":300000,"rangeExpr":null,"smoothed":true,
    "startOrEnd":null,"timestamp":1500,"type":"matrixSelector"}`,
  );
  f(
    'up[1h:5m] @ end()',
    `{"expr":${up},"offset":0,"offsetExpr":null,"range":3600000,"rangeExpr":null,
    "startOrEnd":"end","step":300000,"stepExpr":null,"timestamp":null,"type":"subquery"}`,
  );
  const five = '{"duration":true,"type":"numberLiteral","val":"300"}';
  const step = '{"lhs":null,"op":"step","rhs":null,"type":"durationExpr","wrapped":false}';
  f(
    'up offset (5m - step())',
    `{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up",
    "offset":0,"offsetExpr":{"lhs":${five},"op":"-","rhs":${step},"type":"durationExpr","wrapped":true},
    "smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"}`,
  );
});
