import assert from 'node:assert/strict';
import test from 'node:test';
import {HandlerStatistics} from './request-statistics.ts';
import {textError} from './reply.ts';
import {cleanPath, refuseMethod, RouteTable, type HttpMethod} from './route-table.ts';

function tableOf(routes: Record<string, HttpMethod[]>): RouteTable {
  const table = new RouteTable();
  for (const [path, methods] of Object.entries(routes)) {
    const route = table.add(path, () => ({statistics: new HandlerStatistics(path), bodyBytesMax: 1}));
    for (const method of methods) route.handlers.set(method, () => textError(500, path));
  }
  return table;
}

test('find() knows literal paths and names within them, and leaves stars and escapes to others', () => {
  const table = tableOf({'/a': ['GET'], '/a/:b/values': ['GET'], '/c/*': ['GET'], '/d.e': ['GET']});
  const f = (path: string, expected: [string, Record<string, string>] | null): void => {
    const found = table.find(path);
    assert.deepEqual(found === null ? null : [found.route.path, {...found.params}], expected, path);
  };
  // The second time it is one of those asked for lately.
  for (let i = 0; i < 2; i++) f('/a', ['/a', {}]);
  f('/a/', null);
  f('/a/x/values', ['/a/:b/values', {b: 'x'}]);
  f('/a/x/y/values', null);
  f('/a/%41/values', null);
  f('/c/x', null);
  f('/c/*', null);
  f('/dxe', null);
});

test('findAny() knows what is behind a star as well, but for one that only answers OPTIONS', () => {
  const table = tableOf({'/a': ['GET'], '/c/*': ['GET', 'OPTIONS'], '/d/*': ['OPTIONS']});
  assert.equal(table.findAny('/a')?.path, '/a');
  assert.equal(table.findAny('/c/x/y')?.path, '/c/*');
  assert.equal(table.findAny('/d/x'), null);
  assert.equal(table.findAny('/e'), null);
});

test('add() makes a route once', () => {
  const table = tableOf({'/a': ['GET']});
  const route = table.add('/a', () => assert.fail('is there'));
  assert.deepEqual([...table.all()], [route]);
});

test('a method that a route does not have is refused with those that it has', () => {
  const route = tableOf({'/a': ['POST', 'GET']}).findAny('/a')!;
  const refused = refuseMethod('PUT', route);
  assert.equal(refused.status, 405);
  assert.equal(refused.headers?.['Allow'], 'GET, OPTIONS, POST');
  assert.equal(refuseMethod('OPTIONS', route).status, 200);
});

test('cleanPath() does without slashes and dots', () => {
  const f = (path: string, expected: string): void => assert.equal(cleanPath(path), expected);
  f('/', '/');
  f('//a///b/', '/a/b');
  f('/a/./b/../c', '/a/c');
  f('/../..', '/');
});
