import {promises as dns} from 'node:dns';
import {readFileSync} from 'node:fs';

export type DnsType = 'A' | 'AAAA' | 'MX' | 'NS' | 'SRV';

export interface DnsRecord {
  /** An address, or a name without the final dot. */
  host: string;
  /** Of SRV records. */
  port?: number;
}

export interface DnsResolver {
  /** Records of a name; none where there is no such name. Throws where nobody knows. */
  lookup(name: string, type: DnsType): Promise<DnsRecord[]>;
}

/** One question for a fully qualified name. Errors have a `code` as those of node:dns. */
export type DnsQuery = (name: string, type: DnsType) => Promise<DnsRecord[]>;

export interface SearchSettings {
  search: string[];
  ndots: number;
}

/**
 * Looks names up as the system's configuration says, in each of its search domains until one of them knows the name. Where
 * all of them say that there is no such name, there is none; where some did not answer, nobody knows.
 */
export class SearchingResolver implements DnsResolver {
  readonly #query: DnsQuery;
  readonly #settings: () => SearchSettings;

  /** Both are asked at every lookup: the configuration may change. */
  constructor(query: DnsQuery, settings: () => SearchSettings) {
    this.#query = query;
    this.#settings = settings;
  }

  async lookup(name: string, type: DnsType): Promise<DnsRecord[]> {
    let failure: Error | null = null;
    for (const candidate of candidatesOf(name, this.#settings())) {
      try {
        return await this.#query(candidate, type);
      } catch (cause) {
        const {code} = cause as NodeJS.ErrnoException;
        if (code === 'ENODATA') return []; // The name is there, without records of this type.
        if (code !== 'ENOTFOUND') failure = cause as Error;
      }
    }
    if (failure === null) return [];
    throw new Error(
      `could not resolve ${JSON.stringify(name)}: all servers responded with errors to at least one search domain: ${failure.message}`,
      {cause: failure},
    );
  }
}

/** Fully qualified names to try, in order. */
export function candidatesOf(name: string, {search, ndots}: SearchSettings): string[] {
  if (name.endsWith('.')) return [name];
  const own = `${name}.`;
  const below = search.map((domain) => `${name}.${domain.replace(/\.$/, '')}.`);
  // As in Prometheus's DNS library, labels are counted, not dots.
  return name.split('.').length > ndots ? [own, ...below] : [...below, own];
}

/** Reads `search`, `domain` and `options ndots:` of a resolv.conf. */
export function parseResolvConf(text: string): SearchSettings {
  const settings: SearchSettings = {search: [], ndots: 1};
  for (const line of text.split('\n')) {
    const [keyword = '', ...words] = line.trim().split(/\s+/);
    if (keyword === 'domain') settings.search = words.slice(0, 1);
    if (keyword === 'search') settings.search = words;
    if (keyword !== 'options') continue;
    for (const word of words) {
      const [, ndots] = /^ndots:(\d+)$/.exec(word) ?? [];
      if (ndots !== undefined) settings.ndots = Math.min(15, Number(ndots));
    }
  }
  return settings;
}

/** A server that says nothing is given up after this time. */
const queryMsMax = 2000;

/** Asks the servers of the system, or `servers`. They are read anew for every question. */
export function queryDns(servers: readonly string[] = []): DnsQuery {
  return async (name, type) => {
    const resolver = new dns.Resolver({timeout: queryMsMax, tries: 1});
    if (servers.length > 0) resolver.setServers(servers);
    switch (type) {
      case 'A':
        return (await resolver.resolve4(name)).map((host) => ({host}));
      case 'AAAA':
        return (await resolver.resolve6(name)).map((host) => ({host}));
      case 'MX':
        return (await resolver.resolveMx(name)).map(({exchange}) => ({host: exchange}));
      case 'NS':
        return (await resolver.resolveNs(name)).map((host) => ({host}));
      case 'SRV':
        return (await resolver.resolveSrv(name)).map(({name: host, port}) => ({host, port}));
    }
  };
}

/** The resolver of the system. */
export function systemResolver(): DnsResolver {
  return new SearchingResolver(queryDns(), () => {
    try {
      return parseResolvConf(readFileSync('/etc/resolv.conf', 'utf8'));
    } catch (cause) {
      throw new Error(`could not load resolv.conf: ${(cause as Error).message}`, {cause});
    }
  });
}
