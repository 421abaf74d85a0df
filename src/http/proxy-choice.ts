// Which proxy a request takes, by the rules of golang.org/x/net/http/httpproxy.

import {BlockList, isIP} from 'node:net';
import type {ProxyConfig} from './proxy-config.ts';

/** Gives the proxy for a URL; null = none. */
export type ProxyChoice = (url: URL) => URL | null;

type Variables = Readonly<Record<string, string | undefined>>;

/** The rule of a configuration. */
export function proxyChoiceOf(config: ProxyConfig | undefined, variables: Variables): ProxyChoice {
  if (config === undefined) return () => null;
  if (config.url === '') return environmentChoice(variables);
  const proxy = new URL(config.url);
  if (config.noProxy === '') return () => proxy;
  const isDirect = directRule(config.noProxy);
  return (url) => (isDirect(url) ? null : proxy);
}

function environmentChoice(variables: Variables): ProxyChoice {
  const get = (name: string): string => variables[name] || variables[name.toLowerCase()] || '';
  const http = proxyOf(get('HTTP_PROXY'));
  const https = proxyOf(get('HTTPS_PROXY'));
  const isDirect = directRule(get('NO_PROXY'));
  return (url) => {
    const proxy = url.protocol === 'https:' ? https : http;
    return proxy === null || isDirect(url) ? null : proxy;
  };
}

function proxyOf(text: string): URL | null {
  if (text === '') return null;
  const isWhole = /^(?:https?|socks5h?):\/\//i.test(text);
  const url = isWhole ? text : `http://${text}`;
  return URL.canParse(url) ? new URL(url) : null;
}

/** Whether a URL is asked for directly: localhost and loopback addresses always are. */
function directRule(noProxy: string): (url: URL) => boolean {
  const rules = noProxy
    .split(',')
    .map((rule) => rule.trim().toLowerCase())
    .filter((rule) => rule !== '')
    .map(ruleOf);
  return (url) => {
    const hostname = url.hostname.replaceAll(/^\[|\]$/g, '').toLowerCase();
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    if (hostname === 'localhost' || isLoopback(hostname)) return true;
    return rules.some((rule) => rule(hostname, port));
  };
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(hostname: string): boolean {
  const family = isIP(hostname);
  return family !== 0 && loopback.check(hostname, family === 4 ? 'ipv4' : 'ipv6');
}

type Rule = (hostname: string, port: string) => boolean;

function ruleOf(text: string): Rule {
  if (text === '*') return () => true;
  const [, network, bits] = /^([^/]+)\/(\d+)$/.exec(text) ?? [];
  if (network !== undefined && isIP(network) !== 0) return subnetRule(network, Number(bits));
  const {host, port: wantedPort} = splitPort(text);
  const isPort = (port: string): boolean => wantedPort === '' || wantedPort === port;
  if (isIP(host) !== 0) return (hostname, port) => hostname === host && isPort(port);
  // `*.example.com` and `.example.com` mean names below; `example.com` means itself, too.
  const below = host.startsWith('*.') ? host.slice(1) : host.startsWith('.') ? host : `.${host}`;
  const itself = below === `.${host}` ? host : null;
  return (hostname, port) => (hostname === itself || hostname.endsWith(below)) && isPort(port);
}

function subnetRule(network: string, bits: number): Rule {
  const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
  if (bits > (family === 'ipv4' ? 32 : 128)) return () => false;
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return (hostname) => isIP(hostname) !== 0 && list.check(hostname, isIP(hostname) === 4 ? 'ipv4' : 'ipv6');
}

function splitPort(text: string): {host: string; port: string} {
  const [, bracketed, port] = /^\[([^\]]+)\](?::(\d+))?$/.exec(text) ?? [];
  if (bracketed !== undefined) return {host: bracketed, port: port ?? ''};
  if (isIP(text) !== 0) return {host: text, port: ''};
  const at = text.lastIndexOf(':');
  return at < 0 ? {host: text, port: ''} : {host: text.slice(0, at), port: text.slice(at + 1)};
}
