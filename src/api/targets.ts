// /targets, /targets/metadata, /scrape_pools and /metadata.

import type {DiscoveryFailure} from '../discovery/statistics.ts';
import type {HttpReply} from '../http/reply.ts';
import type {HttpCall} from '../http/server.ts';
import type {WebUrl} from '../http/weburl.ts';
import {quoteGo} from '../base/quote.ts';
import {formatDuration} from '../model/duration.ts';
import {type Labels, labelsOf, labelsToRecord} from '../model/labels.ts';
import type {RelabelConfig} from '../relabel/config.ts';
import {compileRelabel, relabel} from '../relabel/relabel.ts';
import type {TargetStatus} from '../scrape/status.ts';
import type {MatcherData, StorageBackend} from './backend.ts';
import {ApiError, formatGoTime, sortKeys, success} from './envelope.ts';
import {parameter, plainNumberParameter} from './parameters.ts';

export interface TargetsApiOptions {
  backend: StorageBackend;
  webUrl: WebUrl;
  /** Port that the server listens on. */
  listenPort: number;
  /** Reads a series selector. Throws SyntaxError. */
  parseSelector: (text: string) => MatcherData[];
  /** Rules for the targets of a scrape pool; null where there is no such pool. */
  relabelConfigsOf: (scrapePool: string) => readonly RelabelConfig[] | null;
}

export class TargetsApi {
  readonly #options: TargetsApiOptions;

  constructor(options: TargetsApiOptions) {
    this.#options = options;
  }

  async targets({form}: HttpCall): Promise<HttpReply> {
    const state = form.get('state').toLowerCase();
    const any = state === '' || state === 'any';
    const active = any || state === 'active';
    const dropped = any || state === 'dropped';
    const answer = await this.#options.backend.targets({
      scrapePool: form.get('scrapePool'),
      active,
      dropped,
    });
    const data = {
      activeTargets: active ? answer.active.map((target) => this.#describe(target)) : [],
      droppedTargets: dropped
        ? answer.dropped.map(({discoveredLabels, scrapePool}) => ({
            discoveredLabels: sortKeys(discoveredLabels),
            scrapePool,
          }))
        : [],
      droppedTargetCounts: dropped ? sortKeys(answer.droppedCounts) : null,
    };
    return success(data, (answer.discoveryFailures ?? []).map(warningOf));
  }

  async targetMetadata({form}: HttpCall): Promise<HttpReply> {
    const limit = plainNumberParameter(form, 'limit', -1);
    const text = form.get('match_target');
    const matchers = text === '' ? [] : parameter('match_target', () => this.#options.parseSelector(text));
    const rows = await this.#options.backend.targetMetadata({matchers, metric: form.get('metric'), limit});
    return success(
      rows.map(({target, metric, type, help, unit}) => ({
        target: sortKeys(target),
        ...(metric === undefined || metric === '' ? {} : {metric}),
        type,
        help,
        unit,
      })),
    );
  }

  async scrapePools(): Promise<HttpReply> {
    return success({scrapePools: await this.#options.backend.scrapePools()});
  }

  /** What each rule of a pool makes of labels. */
  relabelSteps({form}: HttpCall): HttpReply {
    const scrapePool = form.get('scrapePool');
    if (scrapePool === '') throw new ApiError('bad_data', 'no scrapePool parameter provided');
    const text = form.get('labels');
    if (text === '') throw new ApiError('bad_data', 'no labels parameter provided');
    let labels: Labels | null = readLabels(text);
    const rules = this.#options.relabelConfigsOf(scrapePool);
    if (rules === null)
      throw new ApiError(
        'bad_data',
        `error retrieving scrape config: scrape pool ${quoteGo(scrapePool)} not found`,
      );
    const steps = rules.map((rule) => {
      if (labels !== null) labels = relabel(labels, compileRelabel([rule]));
      return {
        rule: describeRule(rule),
        output: sortKeys(labels === null ? {} : labelsToRecord(labels)),
        keep: labels !== null,
      };
    });
    return success({steps});
  }

  async metadata({form}: HttpCall): Promise<HttpReply> {
    const limit = plainNumberParameter(form, 'limit', -1);
    const limitPerMetric = plainNumberParameter(form, 'limit_per_metric', -1);
    const metric = form.get('metric');
    const byMetric = await this.#options.backend.metadata({metric, limit, limitPerMetric});
    const result = sortKeys(byMetric);
    for (const name of Object.keys(result)) {
      result[name] = result[name]!.map(({type, unit, help}) => ({type, unit, help}));
    }
    return success(result);
  }

  #describe(target: TargetStatus): unknown {
    return {
      discoveredLabels: sortKeys(target.discoveredLabels),
      labels: sortKeys(target.labels),
      scrapePool: target.scrapePool,
      scrapeUrl: target.scrapeUrl,
      globalUrl: globalUrlOf(target.scrapeUrl, this.#options.webUrl, this.#options.listenPort),
      lastError: target.lastError,
      lastScrape: formatGoTime(target.lastScrapeMs),
      lastScrapeDuration: target.lastScrapeDurationSeconds,
      health: target.health,
      scrapeInterval: formatDuration(target.scrapeIntervalMs),
      scrapeTimeout: formatDuration(target.scrapeTimeoutMs),
    };
  }
}

/** Labels as JSON has them: an object of texts. */
function readLabels(text: string): Labels {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw new ApiError('bad_data', `error parsing labels: ${(cause as Error).message}`);
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    throw new ApiError('bad_data', 'error parsing labels: they are an object of names and values');
  for (const [name, value] of Object.entries(read))
    if (typeof value !== 'string')
      throw new ApiError('bad_data', `error parsing labels: the value of ${quoteGo(name)} is not a string`);
  return labelsOf(read as Record<string, string>);
}

/** A rule as Prometheus writes it, with the fields of the configuration file. */
function describeRule(rule: RelabelConfig): unknown {
  return {
    ...(rule.sourceLabels.length > 0 && {source_labels: rule.sourceLabels}),
    separator: rule.separator,
    regex: rule.regex,
    ...(rule.modulus !== 0 && {modulus: rule.modulus}),
    ...(rule.targetLabel !== '' && {target_label: rule.targetLabel}),
    replacement: rule.replacement,
    action: rule.action,
  };
}

/** The targets of a job whose discovery fails are the last that it found. */
function warningOf({jobName, mechanism, part, error, sinceMs}: DiscoveryFailure): string {
  const what = part === '' ? '' : ` of ${part}`;
  const since = formatGoTime(sinceMs);
  return `scrape pool ${jobName}: ${mechanism} discovery${what} fails since ${since}, the targets are the last known ones: ${error}`;
}

const localHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Where a person's browser finds what is scraped at `scrapeUrl`: a target on this machine is reached under the name that
 * the server itself has outside, and the server itself under its external scheme and port.
 */
export function globalUrlOf(scrapeUrl: string, webUrl: WebUrl, listenPort: number): string {
  const match = /^([a-z]+):\/\/([^/?#]*)(.*)$/s.exec(scrapeUrl);
  if (match === null) return scrapeUrl;
  const [, , authority = '', rest = ''] = match;
  const [, host = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]*))?$/.exec(authority) ?? [];
  if (!localHosts.has(host)) return scrapeUrl;
  if (port === String(listenPort)) return `${webUrl.scheme}://${webUrl.host}${rest}`;
  const externalHost = webUrl.host.replace(/:[0-9]+$/, '');
  return `${match[1]}://${externalHost}${port === '' ? '' : `:${port}`}${rest}`;
}
