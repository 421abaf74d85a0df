// The panels of the query page as the address's search part, with the parameter names of Prometheus's UI, so that links
// in runbooks, alerts and dashboards open here and ours open there: `g0.expr`, `g0.tab`, `g0.range_input`, …
// Parameters at their default are left out, except the expression and the tab.
import {formatDuration, parseDuration} from '../../../src/model/duration.ts';
import {formatTime, readTime} from '../format/time.ts';
import {defaultPanel, type Density, type PanelState, type Resolution} from './panel.ts';

/** An address with more panels than this is damaged or hostile. */
export const panelsMax = 100;

const densities: readonly string[] = ['low', 'medium', 'high'] satisfies Density[];

/** `firstIndex` is the number of panels that stand before these in the address. */
export function encodePanels(panels: readonly PanelState[], firstIndex = 0): string {
  const params = new URLSearchParams();
  for (const [index, panel] of panels.entries()) encodePanel(params, `g${firstIndex + index}.`, panel);
  return params.toString();
}

function encodePanel(params: URLSearchParams, prefix: string, panel: PanelState): void {
  const set = (name: string, value: string): void => params.append(prefix + name, value);
  set('expr', panel.expr);
  set('tab', panel.tab);
  if (panel.endMs !== null) {
    // Both, since the graph reads one and the table the other. Times are UTC.
    set('end_input', formatTime(panel.endMs, 'utc'));
    set('moment_input', formatTime(panel.endMs, 'utc'));
  }
  if (panel.rangeMs !== defaultPanel.rangeMs) set('range_input', formatDuration(panel.rangeMs));
  encodeResolution(set, panel.resolution);
  if (panel.display !== defaultPanel.display) set('display_mode', panel.display);
  if (panel.yMin !== null) set('y_axis_min', String(panel.yMin));
}

function encodeResolution(set: (name: string, value: string) => void, resolution: Resolution): void {
  if (resolution.kind !== 'auto') {
    set('res_type', resolution.kind);
    set('res_step', String(resolution.stepMs / 1000));
  } else if (resolution.density !== 'medium') {
    set('res_type', 'auto');
    set('res_density', resolution.density);
  }
}

/** The panels in a search part. What is missing or no valid value is at its default; no `g0.expr` means no panel. */
export function decodePanels(search: string): PanelState[] {
  const params = new URLSearchParams(search);
  const panels: PanelState[] = [];
  while (panels.length < panelsMax) {
    const prefix = `g${panels.length}.`;
    const expr = params.get(`${prefix}expr`);
    if (expr === null) break;
    panels.push(decodePanel((name) => params.get(prefix + name) ?? undefined, expr));
  }
  return panels;
}

type Get = (name: string) => string | undefined;

function decodePanel(get: Get, expr: string): PanelState {
  const tab = get('tab');
  return {
    expr,
    // Numbers are how Prometheus 2 wrote the tabs.
    tab: tab === 'graph' || tab === '0' ? 'graph' : tab === 'explain' ? 'explain' : 'table',
    rangeMs: decodeRange(get('range_input')),
    endMs: decodeEnd(get('moment_input')) ?? decodeEnd(get('end_input')),
    resolution: decodeResolution(get),
    display: get('display_mode') === 'stacked' || get('stacked') === '1' ? 'stacked' : 'lines',
    yMin: decodeNumber(get('y_axis_min')),
  };
}

function decodeRange(text: string | undefined): number {
  try {
    const rangeMs = parseDuration(text ?? '');
    return rangeMs > 0 ? rangeMs : defaultPanel.rangeMs;
  } catch {
    return defaultPanel.rangeMs;
  }
}

function decodeEnd(text: string | undefined): number | null {
  return text === undefined ? null : (readTime(text, {zone: 'utc', nowMs: Date.now()}) ?? null);
}

function decodeNumber(text: string | undefined): number | null {
  if (text === undefined || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function decodeResolution(get: Get): Resolution {
  const kind = get('res_type');
  if (kind === 'fixed' || kind === 'custom') {
    const stepMs = Math.round((decodeNumber(get('res_step')) ?? 0) * 1000);
    if (stepMs > 0) return {kind, stepMs};
  }
  if (kind === 'auto') {
    const density = get('res_density') ?? '';
    if (densities.includes(density)) return {kind: 'auto', density: density as Density};
  }
  // Prometheus 2 wrote whole seconds so.
  const step = Math.trunc(decodeNumber(get('step_input')) ?? 0);
  if (kind === undefined && step > 0) return {kind: 'custom', stepMs: step * 1000};
  return defaultPanel.resolution;
}
