// URLs of services, to which paths are added.

/** With a slash at the end of its path. */
export function withSlash(text: string): string {
  const url = parsed(text);
  if (url === null || url.pathname.endsWith('/')) return text;
  url.pathname += '/';
  return url.href;
}

/** With more at the end of its path, as it stands: no slash is added. */
export function withPath(text: string, path: string, query: Record<string, string> = {}): string {
  const url = new URL(text);
  url.pathname += path.replaceAll('%', '%25');
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** With more steps at the end of its path, and one slash between them. */
export function joinPath(text: string, path: string): string {
  const url = new URL(text);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
  return url.href;
}

function parsed(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
