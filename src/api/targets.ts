// /targets, /targets/metadata, /scrape_pools and /metadata.

import type {DiscoveryFailure} from '../discovery/statistics.ts';
import type {HttpReply} from '../http/reply.ts';
import type {HttpCall} from '../http/server.ts';
import type {WebUrl} from '../http/weburl.ts';
import {formatDuration} from '../model/duration.ts';
import type {TargetStatus} from '../scrape/status.ts';
import type {MatcherData, StorageBackend} from './backend.ts';
import {formatGoTime, sortKeys, success} from './envelope.ts';
import {parameter, plainNumberParameter} from './parameters.ts';

export interface TargetsApiOptions {
  backend: StorageBackend;
  webUrl: WebUrl;
  /** Port that the server listens on. */
  listenPort: number;
  /** Reads a series selector. Throws SyntaxError. */
  parseSelector: (text: string) => MatcherData[];
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
