// /api/v1/admin/tsdb/…: deletes samples, cleans up after that, takes snapshots. See docs/querying/api.md of Prometheus.

import {quoteGo} from '../base/quote.ts';
import {emptyReply, type HttpReply} from '../http/reply.ts';
import type {HttpCall} from '../http/server.ts';
import {timeMaxMs, timeMinMs} from '../model/timestamp.ts';
import type {MatcherData, StorageBackend} from './backend.ts';
import {ApiError, success} from './envelope.ts';
import {optionalTimeParameter, parameter} from './parameters.ts';

export interface AdminApiOptions {
  storage: StorageBackend;
  /** --web.enable-admin-api. */
  enabled: boolean;
  /** Reads a series selector. Throws SyntaxError. */
  parseSelector: (text: string) => MatcherData[];
}

export class AdminApi {
  readonly #options: AdminApiOptions;

  constructor(options: AdminApiOptions) {
    this.#options = options;
  }

  async deleteSeries({form}: HttpCall): Promise<HttpReply> {
    const administration = this.#administration();
    const matches = form.all('match[]');
    if (matches.length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
    const mint = optionalTimeParameter(form, 'start', timeMinMs);
    const maxt = optionalTimeParameter(form, 'end', timeMaxMs);
    const selectors = matches.map((text) => parameter('match[]', () => this.#options.parseSelector(text)));
    for (const matchers of selectors)
      await attempt(() => administration.deleteSeries({matchers, mint, maxt}));
    return emptyReply(204);
  }

  async cleanTombstones(): Promise<HttpReply> {
    const administration = this.#administration();
    await attempt(() => administration.cleanTombstones());
    return emptyReply(204);
  }

  async snapshot({form}: HttpCall): Promise<HttpReply> {
    const administration = this.#administration();
    const skipHead = form.get('skip_head');
    const withHead = skipHead === '' || !parameter('skip_head', () => parseBool(skipHead));
    return success({name: await attempt(() => administration.snapshot(withHead))});
  }

  #administration(): NonNullable<StorageBackend['administration']> {
    const {enabled, storage} = this.#options;
    if (!enabled || storage.administration === undefined) {
      throw new ApiError('unavailable', 'admin APIs disabled');
    }
    return storage.administration;
  }
}

async function attempt<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw new ApiError('internal', (cause as Error).message);
  }
}

/** As Go's strconv.ParseBool. Throws SyntaxError. */
function parseBool(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new SyntaxError(
    `unable to parse boolean: strconv.ParseBool: parsing ${quoteGo(text)}: invalid syntax`,
  );
}
