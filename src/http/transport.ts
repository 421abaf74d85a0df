// The connections of one client: how a server is reached, by which protocol, and with which certificates.

import type {Agent, Dispatcher} from 'undici';
import type {HttpClientConfig} from './client-config.ts';
import {
  type Connector,
  type ConnectorOptions,
  directConnector,
  proxyAuthorization,
  type SecureOptions,
  tunnelConnector,
} from './connectors.ts';
import {type ProxyChoice, proxyChoiceOf} from './proxy-choice.ts';
import {readTlsTexts, secureContextOf} from './tls-material.ts';

/** Where a request goes. */
export interface Route {
  dispatcher: Dispatcher;
  origin: string;
  /** Host and port that connections are made for. */
  host: string;
  path: string;
  /** Besides those of the request; null = none. */
  headers: Record<string, string> | null;
}

export interface TransportOptions {
  /** Milliseconds since some moment. */
  monotonic: () => number;
  connectTimeoutMs: number;
  /** How undici is to keep connections. */
  agent?: Omit<Agent.Options, 'connect' | 'allowH2'>;
  /** Sees the connections that are made. */
  watch?: (connector: Connector) => Connector;
}

export type TransportConfig = Pick<HttpClientConfig, 'tls' | 'proxy' | 'enableHttp2'>;

/** Certificates are read again after this time. */
const filesFreshMs = 1000;

export class Transport {
  readonly #config: TransportConfig;
  readonly #options: TransportOptions;
  readonly #proxyOf: ProxyChoice;
  readonly #hasFiles: boolean;
  /** Loaded with the first request: in many programs all targets are asked without it. */
  #undici: Pick<typeof import('undici'), 'Agent' | 'buildConnector'> | null = null;
  /** By protocol and proxy. */
  readonly #agents = new Map<string, Agent>();
  #secure: SecureOptions | null = null;
  #texts = '';
  #readAt = -Infinity;
  /** Those that were replaced and still have requests. */
  readonly #retired = new Set<Promise<void>>();

  constructor(config: TransportConfig, options: TransportOptions) {
    this.#config = config;
    this.#options = options;
    this.#proxyOf = proxyChoiceOf(config.proxy, process.env);
    const {caFile, certFile, keyFile} = config.tls ?? {};
    this.#hasFiles = caFile !== undefined || certFile !== undefined || keyFile !== undefined;
  }

  /** Whether requests go to the server itself, without TLS. */
  isPlain(target: URL): boolean {
    return target.protocol === 'http:' && this.#proxyOf(target) === null;
  }

  /** Throws where certificates cannot be used. */
  async route(target: URL): Promise<Route> {
    this.#undici ??= await import('undici');
    const proxy = this.#proxyOf(target);
    const {origin, host, pathname, search} = target;
    if (proxy === null)
      return {dispatcher: this.#direct(target), origin, host, path: pathname + search, headers: null};
    if (target.protocol === 'https:' || proxy.protocol.startsWith('socks'))
      return {dispatcher: this.#tunnel(target, proxy), origin, host, path: pathname + search, headers: null};
    const authorization = proxyAuthorization(proxy);
    return {
      dispatcher: this.#forward(proxy),
      origin: proxy.origin,
      host: proxy.host,
      path: `${origin}${pathname}${search}`,
      headers: {host, ...(authorization !== null && {'proxy-authorization': authorization})},
    };
  }

  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all([...agents.map((agent) => agent.destroy()), ...this.#retired]);
  }

  #direct({protocol}: URL): Agent {
    return this.#agent(protocol, protocol === 'https:', (secure) =>
      this.#directConnector(this.#connect(secure)),
    );
  }

  /** To a proxy that passes plain requests on. */
  #forward(proxy: URL): Agent {
    return this.#agent(`forward ${proxy.href}`, proxy.protocol === 'https:', (secure) =>
      this.#directConnector({...this.#connect(secure), allowHttp2: false}),
    );
  }

  #tunnel({protocol}: URL, proxy: URL): Agent {
    const isSecure = protocol === 'https:' || proxy.protocol === 'https:';
    return this.#agent(`${protocol} over ${proxy.href}`, isSecure, (secure) =>
      tunnelConnector({
        proxy,
        headers: this.#config.proxy?.connectHeaders ?? {},
        toProxy: this.#directConnector({...this.#connect(secure), allowHttp2: false}),
        toServer: this.#directConnector(this.#connect(secure)),
        timeoutMs: this.#options.connectTimeoutMs,
      }),
    );
  }

  #connect(secure: SecureOptions): ConnectorOptions {
    return {
      secure,
      allowHttp2: this.#config.enableHttp2 !== false,
      timeoutMs: this.#options.connectTimeoutMs,
    };
  }

  #directConnector(options: ConnectorOptions): Connector {
    return directConnector(options, this.#undici!.buildConnector);
  }

  #agent(name: string, isSecure: boolean, connectorOf: (secure: SecureOptions) => Connector): Agent {
    const secure = isSecure ? this.#currentSecure() : insecure;
    let agent = this.#agents.get(name);
    if (agent === undefined) {
      const connector = connectorOf(secure);
      agent = new this.#undici!.Agent({
        ...this.#options.agent,
        allowH2: this.#config.enableHttp2 !== false && !name.startsWith('forward'),
        connect: this.#options.watch?.(connector) ?? connector,
      });
      this.#agents.set(name, agent);
    }
    return agent;
  }

  /** What TLS needs, with certificates that are in their files now. */
  #currentSecure(): SecureOptions {
    const now = this.#options.monotonic();
    if (this.#secure !== null && (!this.#hasFiles || now - this.#readAt < filesFreshMs)) return this.#secure;
    const tls = this.#config.tls ?? {insecureSkipVerify: false};
    const texts = readTlsTexts(tls);
    const joined = JSON.stringify(texts);
    if (this.#secure === null || joined !== this.#texts) {
      const context = secureContextOf(tls, texts);
      if (this.#secure !== null) this.#retire();
      this.#secure = {
        context,
        insecureSkipVerify: tls.insecureSkipVerify,
        ...(tls.serverName !== undefined && {serverName: tls.serverName}),
      };
      this.#texts = joined;
    }
    this.#readAt = now;
    return this.#secure;
  }

  /** Connections with the certificates of before end with their requests. */
  #retire(): void {
    for (const agent of this.#agents.values()) {
      const closing = agent.close().finally(() => this.#retired.delete(closing));
      this.#retired.add(closing);
    }
    this.#agents.clear();
  }
}

const insecure: SecureOptions = {insecureSkipVerify: false};
