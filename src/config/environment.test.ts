import assert from 'node:assert/strict';
import test from 'node:test';
import {expandVariables} from './environment.ts';

test("expandVariables() does what Go's os.Expand does", () => {
  const variables: Record<string, string> = {HOME: '/h', H: '(H)', A_1: 'x', '*': 'all', '1': 'one'};
  const f = (text: string, expected: string): void =>
    assert.equal(
      expandVariables(text, (name) => variables[name] ?? ''),
      expected,
    );
  f('', '');
  f('plain', 'plain');
  f('$HOME', '/h');
  f('${HOME}', '/h');
  f('${H}OME', '(H)OME');
  f('a$A_1-b', 'ax-b');
  f('$none', '');
  f('$$', '$');
  f('$$HOME', '$HOME');
  f('$*', 'all');
  f('${*}', 'all');
  f('$1x', 'onex');
  f('$', '$');
  f('a$', 'a$');
  f('$ x', '$ x');
  f('${}', '');
  f('${', '');
  f('${HOME', 'HOME');
  f('$.x', '$.x');
});
