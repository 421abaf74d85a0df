// The words for users: both languages have the same pages, links lead somewhere, and what is named is there.
import assert from 'node:assert/strict';
import {existsSync, globSync, readFileSync, statSync} from 'node:fs';
import {posix} from 'node:path';
import test from 'node:test';
import {parseConfig} from '../src/config/config.ts';
import {quickstartText} from '../src/config/quickstart.ts';
import {amtools} from '../src/cmd/tool/amtool/commands.ts';
import {alertmanagerFlagSpecs} from '../src/cmd/alertmanager/flag-specs.ts';
import {obsoleteServerFlagSpecs, serverFlagSpecs} from '../src/cmd/server-flag-specs.ts';

const english = globSync('docs/en/**/*.md').sort();
const japanese = globSync('docs/ja/**/*.md').sort();
const pages = [...globSync('docs/**/*.md'), 'README.md', 'README.ja.md', 'ARCHITECTURE.md', 'CHANGELOG.md'];
const pairs = [
  ['README.md', 'README.ja.md'],
  ...english.map((page) => [page, page.replace('docs/en/', 'docs/ja/')]),
] as [string, string][];

/** Flags of other programs and of tools, stand-ins, and the misspelt one of troubleshooting.md. */
const foreignFlags = new Set([
  'omit',
  'max-old-space-size',
  'name',
  'switch',
  'query.tiemout',
  'dry-run',
  'data-urlencode',
]);

test('every page is there in English and in Japanese', () => {
  assert.ok(english.length > 0);
  assert.deepEqual(
    japanese.map((page) => page.replace('docs/ja/', '')),
    english.map((page) => page.replace('docs/en/', '')),
  );
});

test('both languages have the same headings', () => {
  for (const [left, right] of pairs) {
    assert.deepEqual(levelsOf(right), levelsOf(left), `levels of the headings of ${right} and ${left}`);
  }
});

test('both languages have the same number of blocks of code', () => {
  for (const [left, right] of pairs) {
    const count = (page: string): number => blocksOf(page).length;
    assert.equal(count(right), count(left), `blocks of code of ${right} and ${left}`);
  }
});

test('relative links lead to files and to headings that are there', () => {
  const wrong: string[] = [];
  for (const page of pages) {
    for (const link of linksOf(page)) {
      const [path = '', anchor = ''] = link.split('#', 2);
      const target = path === '' ? page : posix.join(posix.dirname(page), path);
      const there = existsSync(target) && (anchor === '' || anchorsOf(target).includes(anchor));
      if (!there) wrong.push(`${page}: ${link}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('flags that the pages name are flags of the program', () => {
  const toolFlags = Object.values(amtools).flatMap(({flags}) => flags);
  const known = new Set(
    [...serverFlagSpecs, ...obsoleteServerFlagSpecs, ...alertmanagerFlagSpecs, ...toolFlags].map(
      ({name}) => name,
    ),
  );
  const wrong: string[] = [];
  for (const page of pages) {
    if (page === 'ARCHITECTURE.md' || page.startsWith('docs/design/')) continue;
    // Options of benchmarks are not the program's.
    const text = readFileSync(page, 'utf8').replaceAll(/npm run bench -- [^`\n]*/g, '');
    for (const match of text.matchAll(/(?<![\w-])--(?:no-)?([a-z][a-z0-9.-]*[a-z0-9])/g)) {
      const name = match[1]!;
      if (!known.has(name) && !foreignFlags.has(name)) wrong.push(`${page}: --${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('npm scripts that the pages name are in package.json', () => {
  const {scripts} = JSON.parse(readFileSync('package.json', 'utf8')) as {scripts: Record<string, string>};
  const wrong: string[] = [];
  for (const page of pages) {
    for (const match of readFileSync(page, 'utf8').matchAll(/npm run ([a-z][a-z:-]*)/g)) {
      if (!(match[1]! in scripts)) wrong.push(`${page}: npm run ${match[1]}`);
    }
  }
  assert.deepEqual(wrong, []);
});

for (const page of ['docs/en/configuration.md', 'docs/ja/configuration.md']) {
  const blocks = blocksOf(page).map((block) => block.replace(/^```\w*\n/, '').replace(/```$/, ''));
  // By its misspelt field.
  const [broken = '', message = ''] = blocks.slice(
    blocks.findIndex((block) => block.includes('scrape_intervall')),
  );

  test(`the wrong configuration in ${page} has the problems that the page shows`, () => {
    assert.throws(() => parseConfig(broken, {file: 'prometheus.yml'}), {message: message.trimEnd()});
  });

  test(`the quickstart configuration in ${page} is the one of the program`, () => {
    const text = quickstartText({listenPort: 9090, nodeExporter: true}).replaceAll(/^#.*\n/gm, '');
    const lines = (yaml: string): string[] => yaml.split('\n').filter((line) => line.trim() !== '');
    assert.deepEqual(lines(blocks.at(-1)!), lines(text));
  });
}

function withoutCode(page: string): string {
  return readFileSync(page, 'utf8').replaceAll(/^ *```[^]*?^ *```/gm, '');
}

function levelsOf(page: string): number[] {
  return [...withoutCode(page).matchAll(/^(#{1,6}) /gm)].map((match) => match[1]!.length);
}

function blocksOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^ *```[^]*?^ *```/gm)].map(([block]) => block);
}

/** Links and pictures that do not lead to other sites. */
function linksOf(page: string): string[] {
  const text = withoutCode(page).replaceAll(/`[^`\n]*`/g, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/\b(?:src|href)="([^"]+)"/g)];
  return links.map((match) => match[1]!).filter((link) => !/^[a-z]+:/.test(link));
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  if (statSync(page).isDirectory()) return [];
  return [...withoutCode(page).matchAll(/^#{1,6} (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  );
}
