// Choices that hold for all panels and are remembered in this browser.
import {oneOf, Preference} from '../base/preference.ts';

/** Milliseconds as text, '0' = off. */
export const refreshIntervals = ['0', '5000', '15000', '60000', '300000'] as const;
/** Not remembered: a page that was left open should not go on querying the next day. */
export type RefreshInterval = (typeof refreshIntervals)[number];

export const tableViews = ['series', 'labels'] as const;
export type TableView = (typeof tableViews)[number];
export const explainSpans = ['instant', 'range'] as const;
export type ExplainSpan = (typeof explainSpans)[number];
export const explainSpan = new Preference<ExplainSpan>('explain-span', 'instant', oneOf(explainSpans));

export const tableView = new Preference<TableView>('table-view', 'series', oneOf(tableViews));
