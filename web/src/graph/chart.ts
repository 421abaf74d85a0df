// The drawing, by uPlot: axes with ticks in the values' unit, gaps where samples are missing, zooming by dragging, and
// a tooltip. Outside of React, since the pointer moves more often than React should render.
import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import type {TimeZone} from '../format/time.ts';
import type {Unit} from '../format/unit.ts';
import type {LabelSet} from '../query/series-name.ts';
import {translucent, type ColorScheme} from './colors.ts';
import {lonelyPoints, nearestSeries, stack, type Columns, type Grid} from './columns.ts';
import {formatTicks, formatTimeTicks, tickSteps} from './ticks.ts';
import {Tooltip} from './tooltip.ts';

export interface ChartSpec {
  columns: Columns;
  /** Short names, for the tooltip. */
  titles: readonly string[];
  labels: readonly LabelSet[];
  colors: readonly string[];
  shown: readonly boolean[];
  grid: Grid;
  unit: Unit;
  display: 'lines' | 'stacked';
  yMin: number | null;
  zone: TimeZone;
  scheme: ColorScheme;
}

export interface ChartHandlers {
  onZoom: (startMs: number, endMs: number) => void;
  onZoomOut: () => void;
  /** Words for how many series the tooltip leaves out. */
  more: (count: number) => string;
}

/** In CSS pixels from the upper left corner of the plot. */
export interface Pointer {
  left: number;
  top: number;
}

const heightWide = 340;
const heightNarrow = 240;
const narrow = 560;
/** Shorter drags are clicks by an unsteady hand. */
const dragPixelsMin = 8;
/** More series than this are drawn with thin lines. */
const thickSeriesMax = 30;

export class Chart {
  readonly #element: HTMLElement;
  readonly #spec: ChartSpec;
  readonly #plot: uPlot;
  readonly #tooltip: Tooltip;
  readonly #observer: ResizeObserver;

  constructor(element: HTMLElement, spec: ChartSpec, handlers: ChartHandlers) {
    this.#element = element;
    this.#spec = spec;
    this.#tooltip = new Tooltip(spec, handlers.more);
    const {columns, display, shown} = spec;
    const values = display === 'stacked' ? stack(columns.values, shown) : columns.values;
    this.#plot = new uPlot(this.#options(values, handlers), [columns.times, ...values], element);
    this.#plot.over.append(this.#tooltip.element);
    this.#plot.over.addEventListener('dblclick', handlers.onZoomOut);
    this.#observer = new ResizeObserver(() => this.#plot.setSize(sizeOf(element)));
    this.#observer.observe(element);
  }

  /** Where the pointer is in the chart; null while it is elsewhere. */
  pointer(): Pointer | null {
    return pointerOf(this.#plot);
  }

  /** Shows what is at a point, as if the pointer moved there: it may have been there when this chart was drawn. */
  pointAt(pointer: Pointer): void {
    this.#plot.setCursor(pointer);
    this.#point(this.#plot, pointer);
  }

  /** Dims all series but one; null ends that. */
  focus(index: number | null): void {
    this.#plot.setSeries(index === null ? null : index + 1, {focus: index !== null});
  }

  destroy(): void {
    this.#observer.disconnect();
    this.#plot.destroy();
  }

  #options(values: Columns['values'], handlers: ChartHandlers): uPlot.Options {
    const {grid} = this.#spec;
    return {
      ...sizeOf(this.#element),
      tzDate: (seconds) => {
        const date = new Date(seconds * 1000);
        return this.#spec.zone === 'utc' ? uPlot.tzDate(date, 'Etc/UTC') : date;
      },
      padding: [12, 28, 0, 4],
      legend: {show: false},
      focus: {alpha: 0.3},
      cursor: {
        drag: {x: true, y: false, setScale: false, dist: dragPixelsMin},
        focus: {prox: 1e6},
        points: {one: true, size: 7},
        // Panels of one page show the same moment.
        sync: {key: 'narthex', setSeries: false},
        bind: {dblclick: () => null},
      },
      scales: {
        x: {range: () => [grid.startMs / 1000, grid.endMs / 1000]},
        y: {range: (_, min, max) => this.#valueRange(min, max)},
      },
      axes: this.#axes(),
      series: [{}, ...values.map((column, index) => this.#series(column, index))],
      bands: this.#bands(),
      hooks: {
        // Other panels' charts move this one's cursor, too; only the one under the pointer has a tooltip.
        setCursor: [(plot) => this.#point(plot, pointerOf(plot))],
        setSelect: [(plot) => this.#select(plot, handlers)],
      },
    };
  }

  #series(column: Columns['values'][number], index: number): uPlot.Series {
    const {colors, shown, display, labels} = this.#spec;
    const color = colors[index]!;
    const lonely = lonelyPoints(column);
    return {
      show: shown[index]!,
      stroke: color,
      width: labels.length > thickSeriesMax ? 1 : 1.5,
      // A point without neighbours has no line that would show it.
      points: {show: lonely.length > 0, filter: lonely, size: 4, fill: color, width: 0},
      ...(display === 'stacked' ? {fill: translucent(color, 0.35)} : {}),
    };
  }

  /** In a stack each series is filled down to the next shown one below it, not to zero. */
  #bands(): uPlot.Band[] {
    const {display, shown} = this.#spec;
    if (display !== 'stacked') return [];
    const indices = shown.flatMap((isShown, index) => (isShown ? [index + 1] : []));
    return indices.slice(1).map((below, order) => ({series: [indices[order]!, below]}));
  }

  #axes(): uPlot.Axis[] {
    const {scheme, unit, zone} = this.#spec;
    const dark = scheme === 'dark';
    const look: uPlot.Axis = {
      stroke: dark ? '#a3aeaa' : '#58635f',
      grid: {stroke: dark ? '#2c3431' : '#e6ebe9', width: 1},
      ticks: {stroke: dark ? '#3b4441' : '#cfd6d3', width: 1, size: 5},
      font: `12px ${getComputedStyle(this.#element).fontFamily}`,
    };
    const steps = tickSteps(unit);
    return [
      {...look, space: 74, size: 44, values: (_, ticks) => formatTimeTicks(ticks, zone)},
      {
        ...look,
        space: 38,
        size: (plot, texts) => axisWidth(plot, texts),
        values: (_, ticks) => formatTicks(ticks, unit),
        ...(steps === undefined ? {} : {incrs: steps}),
      },
    ];
  }

  #valueRange(min: number | null, max: number | null): [number, number] {
    const {yMin, display} = this.#spec;
    if (min === null || max === null) return [0, 1];
    const low = display === 'stacked' ? Math.min(0, min) : min;
    const [rangeMin, rangeMax] = uPlot.rangeNum(low, max, 0.1, true);
    const top = rangeMax ?? max;
    // A stack of positive values stands on zero.
    const bottom = low === 0 ? 0 : (rangeMin ?? low);
    // What lies below the wanted minimum is shown all the same: cutting it off would hide that it is there.
    return yMin !== null && yMin < top ? [Math.min(yMin, low), top] : [bottom, top];
  }

  #point(plot: uPlot, pointer: Pointer | null): void {
    const {columns, shown} = this.#spec;
    const step = plot.cursor.idx ?? null;
    if (pointer === null || step === null) return this.#tooltip.hide();
    const heights = columns.values.map((_, index) => {
      const value = shown[index] === true ? plot.data[index + 1]![step] : null;
      return value === null || value === undefined ? null : plot.valToPos(value, 'y');
    });
    const nearest = nearestSeries(heights, pointer.top);
    if (nearest === null) return this.#tooltip.hide();
    this.#tooltip.show({
      step,
      nearest,
      ...pointer,
      width: plot.over.clientWidth,
      height: plot.over.clientHeight,
    });
  }

  #select(plot: uPlot, {onZoom}: ChartHandlers): void {
    const {left, width} = plot.select;
    if (width < dragPixelsMin) return;
    onZoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
    plot.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
  }
}

function pointerOf(plot: uPlot): Pointer | null {
  const {left = -1, top = -1} = plot.cursor;
  return left >= 0 && plot.over.matches(':hover') ? {left, top} : null;
}

function sizeOf(element: HTMLElement): {width: number; height: number} {
  const width = Math.max(120, element.clientWidth);
  return {width, height: width < narrow ? heightNarrow : heightWide};
}

/** Room for the longest label and the tick. */
function axisWidth(plot: uPlot, texts: string[] | null): number {
  const longest = (texts ?? []).reduce((a, b) => (b.length > a.length ? b : a), '');
  plot.ctx.save();
  plot.ctx.font = '12px sans-serif';
  const width = plot.ctx.measureText(longest).width;
  plot.ctx.restore();
  return Math.ceil(Math.max(24, width * 1.08)) + 16;
}
