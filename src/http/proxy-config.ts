// Which proxy requests take. The fields are those of prometheus/common's ProxyConfig.

import type * as z from 'zod';
import {sortedMap, type YamlMap} from '../base/yaml-write.ts';
import {boolean, dictionary, list, secret, text} from '../model/fields.ts';
import {type Complain, hidden, linesOf} from './config-parts.ts';
import {redactUrl, urlText} from './go-url.ts';

export interface ProxyConfig {
  /** Of the proxy, with a user and a password where it wants them; '' = what the environment says. */
  url: string;
  /** Hosts that are asked directly, as in the variable NO_PROXY. */
  noProxy: string;
  /** For CONNECT requests. */
  connectHeaders: Record<string, string[]>;
}

/** To be spread into the shape of the section that has a proxy. */
export const proxyShape = {
  proxy_url: urlText.default(''),
  no_proxy: text.default(''),
  proxy_from_environment: boolean.default(false),
  proxy_connect_header: dictionary(list(secret), 'map[string][]string').default(new Map()),
} as const;

export type ProxyFields = {[Name in keyof typeof proxyShape]: z.output<(typeof proxyShape)[Name]>};

export interface ReadProxy {
  /** null = none. */
  config: ProxyConfig | null;
  /** Lines of the section, secrets hidden. */
  document: YamlMap;
}

/** Checks what the fields say together. */
export function readProxy(fields: ProxyFields, complain: Complain): ReadProxy {
  const {proxy_url: url, no_proxy: noProxy, proxy_from_environment: fromEnvironment} = fields;
  const headers = fields.proxy_connect_header;
  if (headers.size > 0 && !fromEnvironment && url === '')
    complain(
      ['proxy_connect_header'],
      'if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured',
    );
  if (fromEnvironment && url !== '')
    complain(['proxy_url'], 'if proxy_from_environment is configured, proxy_url must not be configured');
  if (fromEnvironment && noProxy !== '')
    complain(['no_proxy'], 'if proxy_from_environment is configured, no_proxy must not be configured');
  if (!fromEnvironment && url === '' && noProxy !== '')
    complain(['no_proxy'], 'if no_proxy is configured, proxy_url must also be configured');
  if (url !== '' && !proxySchemes.test(url))
    complain(
      ['proxy_url'],
      `a proxy is written like http://host:port; its scheme is http, https, socks5 or socks5h`,
    );
  const shown = new Map([...headers].map(([name, values]) => [name, values.map(() => hidden)]));
  return {
    config:
      url === '' && !fromEnvironment ? null : {url, noProxy, connectHeaders: Object.fromEntries(headers)},
    document: linesOf({
      proxy_url: redactUrl(url),
      no_proxy: noProxy,
      proxy_from_environment: fromEnvironment || '',
      proxy_connect_header: sortedMap(shown),
    }),
  };
}

const proxySchemes = /^(?:https?|socks5h?):\/\/[^/]/i;
