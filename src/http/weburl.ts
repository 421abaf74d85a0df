// Where the server is reached from outside (--web.external-url) and under which path it answers (--web.route-prefix).

import {hostname} from 'node:os';

export interface ListenAddress {
  /** '' = all addresses. */
  host: string;
  /** 0 = any free port. */
  port: number;
}

export interface WebUrl {
  /** Without a slash at its end. */
  external: string;
  /** `http` or `https`, and host with port, of the external URL. */
  scheme: string;
  host: string;
  /** Path of the external URL: '' or '/prometheus'. Links that are sent to clients start with it. */
  path: string;
  /** '' or '/prometheus'. Requests start with it. */
  routePrefix: string;
}

/** Takes the flags apart: an external URL or its path alone, and a prefix. Throws TypeError where the former is no URL. */
export function webUrlOf(externalUrl: string, routePrefix: string, listen: ListenAddress): WebUrl {
  const absolute = externalUrl.includes('://')
    ? externalUrl
    : `http://${hostname()}:${listen.port}${trimPath(externalUrl)}`;
  const url = new URL(absolute);
  const scheme = url.protocol.slice(0, -1);
  const path = trimPath(decodeURI(url.pathname));
  return {
    external: `${scheme}://${url.host}${path}`,
    scheme,
    host: url.host,
    path,
    routePrefix: trimPath(routePrefix),
  };
}

/** Exactly one slash in front, none behind; '' for the root. */
function trimPath(path: string): string {
  const trimmed = path.replaceAll(/^\/+|\/+$/g, '');
  return trimmed === '' ? '' : `/${trimmed}`;
}
