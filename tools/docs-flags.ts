// Writes the tables of flags in docs/en/flags.md and docs/ja/flags.md from src/cmd/server-flag-specs.ts, between two comments:
// what is outside of them is written by hand. A test checks that the committed files are current.
import {readFileSync, writeFileSync} from 'node:fs';
import type {FlagSpec, FlagSupport} from '../src/cmd/flags.ts';
import {obsoleteServerFlagSpecs, serverFlagSpecs} from '../src/cmd/server-flag-specs.ts';
import {japaneseFlagTexts, japaneseReason} from './docs-flags-ja.ts';

export type Language = 'en' | 'ja';

export const languages: readonly Language[] = ['en', 'ja'];

interface Words {
  flag: string;
  initial: string;
  about: string;
  hidden: string;
  switchOn: string;
  switchOff: string;
  none: string;
  textOf: (spec: FlagSpec) => string;
}

const words: Record<Language, Words> = {
  en: {
    flag: 'Flag',
    initial: 'Default',
    about: 'What it does',
    hidden: ' (Not listed by `--help`.)',
    switchOn: 'on',
    switchOff: 'off',
    none: '–',
    textOf: (spec) => (spec.support === 'ignored' ? sentence(spec.note ?? '') : spec.help),
  },
  ja: {
    flag: 'フラグ',
    initial: '既定値',
    about: '内容',
    hidden: '（`--help` には表示されない）',
    switchOn: '有効',
    switchOff: '無効',
    none: '–',
    textOf: (spec) => (spec.support === 'ignored' ? japaneseReason(spec) : japaneseText(spec)),
  },
};

const supports: readonly FlagSupport[] = ['works', 'ignored', 'later'];
const fileOf = (language: Language): URL => new URL(`../docs/${language}/flags.md`, import.meta.url);

/** The committed page with its tables made anew. */
export function renderFlagsPage(language: Language): string {
  let page = readFileSync(fileOf(language), 'utf8');
  for (const support of supports) page = replaceTable(page, support, renderTable(language, support));
  return page;
}

/** The committed page as it is. */
export function readFlagsPage(language: Language): string {
  return readFileSync(fileOf(language), 'utf8');
}

function replaceTable(page: string, support: FlagSupport, table: string): string {
  const begin = `<!-- flags:${support} -->`;
  const end = '<!-- flags:end -->';
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new SyntaxError(`cannot find ${begin} … ${end} in a page of flags`);
  return `${page.slice(0, from + begin.length)}\n\n${table}\n${page.slice(to)}`;
}

function renderTable(language: Language, support: FlagSupport): string {
  const {flag, initial, about, hidden, textOf} = words[language];
  const rows = [`| ${flag} | ${initial} | ${about} |`, '|---|---|---|'];
  const specs = [...serverFlagSpecs, ...obsoleteServerFlagSpecs].filter((spec) => spec.support === support);
  for (const spec of specs) {
    const short = spec.short === undefined ? '' : `, \`-${spec.short}\``;
    const note = spec.hidden === true ? hidden : '';
    rows.push(
      `| \`--${spec.name}\`${short} | ${initialOf(spec, language)} | ${escape(textOf(spec))}${note} |`,
    );
  }
  return `${rows.join('\n')}\n`;
}

function initialOf({kind, initial}: FlagSpec, language: Language): string {
  const {switchOn, switchOff, none} = words[language];
  if (kind === 'switch') return initial === 'true' ? switchOn : switchOff;
  return initial === '' ? none : `\`${initial}\``;
}

function japaneseText({name}: FlagSpec): string {
  const text = japaneseFlagTexts[name];
  if (text === undefined)
    throw new RangeError(`cannot describe --${name} in Japanese: add it to tools/docs-flags-ja.ts`);
  return text;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function escape(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;');
}

if (import.meta.main)
  for (const language of languages) writeFileSync(fileOf(language), renderFlagsPage(language));
