// The colours of series: distinct ones for the first few, on light and on dark ground, then the same hues again in
// other lightnesses.

const light = [
  '#0b7285',
  '#d9480f',
  '#2f9e44',
  '#9c36b5',
  '#1971c2',
  '#e8890c',
  '#c2255c',
  '#5c940d',
  '#6741d9',
  '#087f5b',
  '#a61e4d',
  '#7a5c00',
  '#364fc7',
  '#c92a2a',
  '#495057',
  '#862e9c',
] as const;

const dark = [
  '#3bc9db',
  '#ff922b',
  '#69db7c',
  '#e599f7',
  '#74c0fc',
  '#ffd43b',
  '#faa2c1',
  '#c0eb75',
  '#b197fc',
  '#38d9a9',
  '#ff8787',
  '#e0c08b',
  '#91a7ff',
  '#ff6b6b',
  '#ced4da',
  '#cc5de8',
] as const;

export type ColorScheme = 'light' | 'dark';

/** The colour of the series at `index`, as CSS and canvas understand it. */
export function seriesColor(index: number, scheme: ColorScheme): string {
  const palette = scheme === 'dark' ? dark : light;
  const base = palette[index % palette.length]!;
  const round = Math.floor(index / palette.length) % 3;
  if (round === 0) return base;
  const toward = (scheme === 'dark') === (round === 1) ? 0 : 255;
  return mix(base, toward, 0.35);
}

/** The colour with an alpha channel, for the area below a line. */
export function translucent(color: string, alpha: number): string {
  const [red, green, blue] = channels(color);
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

function mix(color: string, toward: number, share: number): string {
  const mixed = channels(color).map((channel) => Math.round(channel * (1 - share) + toward * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

function channels(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}
