// The rules of the house that a machine can check: layers, portability, banned words, committed build products.
import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {posix} from 'node:path';
import test from 'node:test';

/** Imports point down: a folder may import folders of lower layers and itself, never a neighbour. See ARCHITECTURE.md. */
const layers: Record<string, number> = {
  cmd: 8,
  api: 7,
  operator: 7,
  config: 6,
  scrape: 5,
  notifier: 5,
  alertmanager: 5,
  exporters: 5,
  remote: 4,
  discovery: 4,
  rules: 4,
  dashboards: 4,
  tsdb: 3,
  promql: 3,
  kube: 3,
  storage: 2,
  formats: 2,
  relabel: 2,
  template: 2,
  http: 2,
  model: 1,
  sys: 1,
  base: 0,
  kernels: 0,
};

/** On one layer, but below the others there: `kernels` uses `base`. */
const allowedNeighbours = new Set(['kernels>base']);

/** Folders that also run in the browser. Kernels run there too, but load through a Node buffer today. */
const portable = ['dashboards', 'promql', 'storage', 'formats', 'relabel', 'template', 'model', 'base'];

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  const pattern =
    /(?:^|\n)\s*(?:import|export)(\s+type)?\s[^;'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g;
  for (const match of text.matchAll(pattern)) {
    found.push({from: file, to: match[2] ?? match[3] ?? match[4]!, typeOnly: match[1] !== undefined});
  }
  return found;
}

const sources = globSync('src/**/*.ts');

test('imports point down the layers', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const folder = file.split('/')[1]!;
    assert.ok(folder in layers, `src/${folder} has a layer`);
    for (const {to} of importsOf(file)) {
      if (!to.startsWith('.')) continue;
      const target = posix.join(posix.dirname(file), to);
      if (!target.startsWith('src/')) {
        if (!file.endsWith('.test.ts')) wrong.push(`${file} imports ${target}`);
        continue;
      }
      const targetFolder = target.split('/')[1]!;
      if (targetFolder === folder || allowedNeighbours.has(`${folder}>${targetFolder}`)) continue;
      // A test may look at anything below its own folder's wiring, since it is wiring itself.
      if (file.endsWith('.test.ts')) continue;
      if (layers[targetFolder]! >= layers[folder]!) wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('portable folders import nothing of Node', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    if (!portable.includes(file.split('/')[1]!) || isTestCode(file)) continue;
    for (const {to} of importsOf(file)) if (to.startsWith('node:')) wrong.push(`${file} imports ${to}`);
    if (/\bBuffer\.|\bprocess\./.test(stripComments(readFileSync(file, 'utf8'))))
      wrong.push(`${file} uses a global of Node`);
  }
  assert.deepEqual(wrong, []);
});

/** Folders with the types of what the HTTP APIs answer: a type is gone when the code runs. */
const withAnswers = ['api', 'alertmanager'];

test('the web UI imports only what also runs in a browser', () => {
  const wrong: string[] = [];
  for (const file of globSync('web/src/**/*.{ts,tsx}')) {
    for (const {to, typeOnly} of importsOf(file)) {
      if (to.startsWith('node:') && !file.endsWith('.test.ts')) wrong.push(`${file} imports ${to}`);
      if (!to.startsWith('.')) continue;
      const target = posix.join(posix.dirname(file), to);
      if (!target.startsWith('src/')) continue;
      const folder = target.split('/')[1]!;
      if (portable.includes(folder) || (typeOnly && withAnswers.includes(folder))) continue;
      wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no file is longer than 1,000 lines', () => {
  const files = [...sources, ...globSync('{web/src,test,bench,tools,kernels}/**/*.{ts,tsx}')];
  const long = files
    .filter((file) => !file.endsWith('kernels.wasm.ts'))
    .filter((file) => readFileSync(file, 'utf8').split('\n').length > 1000);
  assert.deepEqual(long, []);
});

test('nothing of a machine is in the tree', () => {
  const files = globSync('{src,web/src,test,bench,tools,kernels,docs,.ci}/**/*.*').concat(
    globSync('*.{md,json}'),
  );
  const banned = [/registry\.npmjs\.org/, /\/work\//, /\/root\//, /\/home\/[a-z]/];
  const wrong: string[] = [];
  for (const file of files) {
    if (file === 'tools/tidy.test.ts' || /\.(png|svg|ico|woff2)$/.test(file)) continue;
    const text = readFileSync(file, 'utf8');
    for (const pattern of banned) if (pattern.test(text)) wrong.push(`${file} contains ${pattern}`);
  }
  assert.deepEqual(wrong, []);
});

function isTestCode(file: string): boolean {
  return file.endsWith('.test.ts') || /\/(testing|testdata|promqltest)\//.test(file);
}

function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
}
