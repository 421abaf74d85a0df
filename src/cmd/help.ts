import type {FlagSpec} from './flags.ts';

const indent = 2;
const gap = 2;
/** Longer left columns get a line of their own. */
const leftMax = 30;

/** The help of a command, laid out as kingpin lays it out. `width` is that of the terminal. */
export function formatHelp(program: string, about: string, specs: readonly FlagSpec[], width = 80): string {
  const visible = specs.filter(({hidden, name}) => hidden !== true && name !== '');
  const rows = visible.map((spec): [string, string] => [flagColumn(spec), helpColumn(spec)]);
  const left = Math.max(0, ...rows.map(([text]) => text.length).filter((length) => length < leftMax));
  let text = `usage: ${program} [<flags>]\n\n${about}\n\n\nFlags:\n`;
  const offset = ' '.repeat(indent + left + gap);
  for (const [flag, help] of rows) {
    const lines = wrap(help, Math.max(width - offset.length, 20));
    if (flag.length < leftMax) text += ' '.repeat(indent) + flag.padEnd(left + gap);
    else text += `${' '.repeat(indent)}${flag}${' '.repeat(gap)}\n${offset}`;
    text += `${lines.join(`\n${offset}`)}\n`;
  }
  return text;
}

function flagColumn(spec: FlagSpec): string {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  if (spec.kind === 'switch') return `${short}--[no-]${spec.name}`;
  const repeats = spec.kind === 'texts' ? ' ...' : '';
  return `${short}--${spec.name}=${placeholder(spec)}${repeats}`;
}

function placeholder(spec: FlagSpec): string {
  if (spec.placeholder !== undefined) return spec.placeholder;
  const quoted = spec.kind === 'text' && spec.choices === undefined;
  if (spec.initial !== '') return quoted ? JSON.stringify(spec.initial) : spec.initial;
  return quoted ? '""' : spec.name.toUpperCase();
}

function helpColumn(spec: FlagSpec): string {
  const mode = spec.mode === undefined ? '' : ` Use with ${spec.mode} mode only.`;
  return `${spec.support === 'later' ? '[NOT SUPPORTED YET] ' : ''}${spec.help}${mode}`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line += line === '' ? word : ` ${word}`;
  }
  lines.push(line);
  return lines;
}
