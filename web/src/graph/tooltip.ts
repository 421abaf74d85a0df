// What the pointer is at: the time, the values of the series around it, and the labels of the nearest one.
import {formatTime, type TimeZone} from '../format/time.ts';
import {formatValue, type Unit} from '../format/unit.ts';
import {matchersOf, type LabelSet} from '../query/series-name.ts';
import type {Columns} from './columns.ts';
import {pickAround} from './pick-around.ts';

interface TooltipSpec {
  columns: Columns;
  titles: readonly string[];
  labels: readonly LabelSet[];
  colors: readonly string[];
  shown: readonly boolean[];
  unit: Unit;
  zone: TimeZone;
}

interface TooltipPlace {
  step: number;
  /** Index of the series nearest to the pointer. */
  nearest: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

const rowsMax = 8;
const labelsMax = 14;
const distance = 14;

export class Tooltip {
  readonly element = document.createElement('div');
  readonly #spec: TooltipSpec;
  readonly #more: (count: number) => string;
  #shownStep = -1;
  #shownNearest = -1;

  constructor(spec: TooltipSpec, more: (count: number) => string) {
    this.#spec = spec;
    this.#more = more;
    this.element.className = 'nx-tooltip';
    this.element.hidden = true;
  }

  hide(): void {
    this.element.hidden = true;
  }

  show(place: TooltipPlace): void {
    if (place.step !== this.#shownStep || place.nearest !== this.#shownNearest) {
      this.#fill(place);
      this.#shownStep = place.step;
      this.#shownNearest = place.nearest;
    }
    this.element.hidden = false;
    this.#move(place);
  }

  #fill({step, nearest}: TooltipPlace): void {
    const {columns, labels, zone, shown} = this.#spec;
    const timeMs = Math.round(columns.times[step]! * 1000);
    const present = columns.values.flatMap((column, index) =>
      shown[index] === true && (column[step] ?? null) !== null ? [{index, value: column[step]!}] : [],
    );
    present.sort((a, b) => b.value - a.value);
    const picked = pickAround(
      present,
      present.findIndex(({index}) => index === nearest),
      rowsMax,
    );
    const left = present.length - picked.length;
    this.element.replaceChildren(
      box('nx-tooltip-time', formatTime(timeMs, zone)),
      ...picked.map(({index, value}) => this.#row(index, value, index === nearest)),
      ...(left > 0 ? [box('nx-tooltip-more', this.#more(left))] : []),
      ...(labels.length > 1 ? [this.#labels(nearest)] : []),
    );
  }

  #row(index: number, value: number, isNearest: boolean): HTMLElement {
    const {titles, colors, unit} = this.#spec;
    const swatch = box('nx-swatch', '');
    swatch.style.background = colors[index]!;
    const row = box(
      'nx-tooltip-row',
      swatch,
      box('nx-tooltip-name', titles[index]!),
      box('nx-number', formatValue(value, unit)),
    );
    if (isNearest) row.dataset['nearest'] = '';
    return row;
  }

  #labels(index: number): HTMLElement {
    const labels = this.#spec.labels[index]!;
    const metric = labels['__name__'] ?? '';
    const matchers = matchersOf(labels).slice(0, labelsMax);
    return box(
      'nx-tooltip-labels',
      ...(metric === '' ? [] : [box('nx-tooltip-metric', metric)]),
      ...matchers.flatMap(([name, value]) => [box('nx-series-name', name), box('nx-series-value', value)]),
    );
  }

  /** On the side of the pointer where there is room, never outside of the chart. */
  #move({left, top, width, height}: TooltipPlace): void {
    const {offsetWidth, offsetHeight, style} = this.element;
    const roomRight = left + distance + offsetWidth <= width;
    const x = roomRight ? left + distance : Math.max(0, left - distance - offsetWidth);
    const y = Math.min(Math.max(0, top - offsetHeight / 2), Math.max(0, height - offsetHeight));
    style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }
}

function box(className: string, ...content: (string | HTMLElement)[]): HTMLElement {
  const element = document.createElement('div');
  element.className = className;
  element.append(...content);
  return element;
}
