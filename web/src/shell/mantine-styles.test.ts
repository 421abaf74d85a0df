import assert from 'node:assert/strict';
import {existsSync, globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'node:test';

const root = join(import.meta.dirname, '..');

test('every Mantine component that is used has its styles', () => {
  const styles = readFileSync(join(import.meta.dirname, 'mantine-styles.ts'), 'utf8');
  const used = new Set<string>();
  for (const file of globSync('**/*.{ts,tsx}', {cwd: root})) {
    for (const [, names] of readFileSync(join(root, file), 'utf8').matchAll(
      /import \{([^}]*)\} from '@mantine\/core'/g,
    )) {
      for (const name of names!.split(',')) used.add(name.trim());
    }
  }
  assert.ok(used.has('Button'));
  for (const name of used) {
    const file = join(root, `../../node_modules/@mantine/core/styles/${name}.css`);
    if (existsSync(file)) assert.ok(styles.includes(`/${name}.css'`), `${name} has no styles`);
  }
});
