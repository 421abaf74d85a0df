// Where the server is reached from outside (--web.external-url) and under which path it answers (--web.route-prefix).

import {hostname} from 'node:os';

export interface WebUrl {
  /** Without a slash at its end. */
  externalUrl: string;
  /** host:port of the external URL. */
  externalHost: string;
  externalScheme: string;
  /** Path of the external URL: '' or '/prometheus'. Links that are sent to clients start with it. */
  externalPath: string;
  /** '' or '/prometheus'. Requests start with it. */
  routePrefix: string;
}

/** `listenAddress` is host:port; `externalUrl` and `routePrefix` may be '' for the defaults. Throws SyntaxError. */
export function resolveWebUrl(options: {
  externalUrl: string;
  routePrefix: string;
  listenAddress: string;
}): WebUrl {
  const url = parseExternalUrl(options.externalUrl, options.listenAddress);
  const externalPath = trimPath(decodeURI(url.pathname));
  const routePrefix = options.routePrefix === '' ? externalPath : trimPath(options.routePrefix);
  const externalScheme = url.protocol.slice(0, -1);
  return {
    externalUrl: `${externalScheme}://${url.host}${externalPath}`,
    externalHost: url.host,
    externalScheme,
    externalPath,
    routePrefix,
  };
}

function parseExternalUrl(text: string, listenAddress: string): URL {
  if (text === '') {
    const port = listenAddress.slice(listenAddress.lastIndexOf(':') + 1);
    return new URL(`http://${hostname()}:${port}/`);
  }
  if (/^["']|["']$/.test(text)) throw new SyntaxError('URL must not begin or end with quotes');
  // A path alone keeps the host's name, as Prometheus's parser does.
  const absolute = text.startsWith('/') ? `http://${hostname()}${text}` : text;
  try {
    const url = new URL(absolute);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  } catch (cause) {
    throw new SyntaxError(`cannot parse external URL ${JSON.stringify(text)}`, {cause});
  }
  throw new SyntaxError(`cannot use external URL ${JSON.stringify(text)}: it is not http or https`);
}

/** Exactly one slash in front, none behind; '' for the root. */
function trimPath(path: string): string {
  const trimmed = path.replaceAll(/^\/+|\/+$/g, '');
  return trimmed === '' ? '' : `/${trimmed}`;
}

/** Splits `host:port`, `:port`, `[::1]:port`. Throws SyntaxError. */
export function parseListenAddress(address: string): {host: string; port: number} {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(address);
  const port = Number(match?.[3] ?? NaN);
  if (match === null || port > 65_535) {
    throw new SyntaxError(`cannot listen on ${JSON.stringify(address)}: it is not HOST:PORT`);
  }
  return {host: match[1] ?? match[2] ?? '', port};
}
