// The table of routes: paths that are found as they are written, with names in them, or by a star.

import type {HttpHandler} from './call.ts';
import {emptyReply, textError, type HttpReply} from './reply.ts';
import type {HandlerStatistics} from './request-statistics.ts';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS';

export interface Route {
  path: string;
  /** For paths with names or a star. */
  pattern: RegExp | null;
  statistics: HandlerStatistics;
  bodyBytesMax: number;
  handlers: Map<HttpMethod, HttpHandler>;
}

export interface FoundRoute {
  route: Route;
  params: Record<string, string>;
}

/** Routes that are found without a look at the table of all. */
const askedKept = 4;

export class RouteTable {
  readonly #routes = new Map<string, Route>();
  /** Those of them whose paths have names and no star. */
  readonly #named: Route[] = [];
  /** Those that were asked for lately. */
  readonly #asked: Route[] = [];
  #askedNext = 0;

  /** The route of `/static`, `/a/:name` or `/a/*`; it is made, without handlers, where there is none yet. */
  add(path: string, make: () => Pick<Route, 'statistics' | 'bodyBytesMax'>): Route {
    let route = this.#routes.get(path);
    if (route === undefined) {
      route = {path, pattern: patternOf(path), ...make(), handlers: new Map()};
      this.#routes.set(path, route);
      if (/^[^*]*:[^*]*$/.test(path)) this.#named.push(route);
    }
    return route;
  }

  /** In the order in which they were added. */
  all(): Iterable<Route> {
    return this.#routes.values();
  }

  /** The route of a path that says it literally, or with names that are no escapes. */
  find(path: string): FoundRoute | null {
    return this.#findLiterally(path) ?? this.#findByPattern(path);
  }

  /** The route of a path, whatever its methods. Only for requests that end in an error: it looks at all of them. */
  findAny(path: string): Route | null {
    const exact = this.#routes.get(path);
    if (exact !== undefined) return exact;
    for (const route of this.#routes.values()) {
      // Where a star only answers OPTIONS, there is nothing behind it.
      if (route.pattern?.test(path) === true && (route.handlers.size > 1 || !route.handlers.has('OPTIONS')))
        return route;
    }
    return null;
  }

  #findLiterally(path: string): FoundRoute | null {
    // A path is a new string with each request, and to look a new string up takes longer than to compare a few.
    for (const each of this.#asked) if (each.path === path) return {route: each, params: {}};
    const route = this.#routes.get(path);
    if (route === undefined || route.pattern !== null) return null;
    this.#asked[this.#askedNext++ % askedKept] = route;
    return {route, params: {}};
  }

  #findByPattern(path: string): FoundRoute | null {
    if (path.includes('%')) return null;
    for (const route of this.#named) {
      const params = route.pattern!.exec(path)?.groups;
      if (params !== undefined) return {route, params};
    }
    return null;
  }
}

/** The answer to a method that the route does not have. */
export function refuseMethod(method: string, {handlers}: Route): HttpReply {
  const allow = [...new Set<string>([...handlers.keys(), 'OPTIONS'])].sort().join(', ');
  if (method === 'OPTIONS') return emptyReply(200, {Allow: allow});
  const answer = textError(405, 'Method Not Allowed');
  answer.headers = {Allow: allow, ...answer.headers};
  return answer;
}

/** What matches a path with names or a star; null for one without. */
function patternOf(path: string): RegExp | null {
  if (!/[:*]/.test(path)) return null;
  const parts = path.split('/').map((part) => {
    if (part.startsWith(':')) return `(?<${part.slice(1)}>[^/]+)`;
    return part === '*' ? '.*' : RegExp.escape(part);
  });
  return new RegExp(`^${parts.join('/')}$`);
}

/** Resolves `.` and `..`, merges slashes, takes the last one away. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
