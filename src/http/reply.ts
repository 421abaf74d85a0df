/** What a handler answers. */
export interface HttpReply {
  status: number;
  /** Empty = none. */
  contentType: string;
  body: string | Uint8Array;
  headers?: Record<string, string>;
  /** The body is compressed already, with the Content-Encoding among the headers. */
  compressed?: boolean;
  /** Called when the answer has been sent, or cannot be. */
  release?: (() => void) | undefined;
}

/** Plain text as Go's http.Error sends it, with a line feed at its end. */
export function textError(status: number, message: string): HttpReply {
  return {
    status,
    contentType: 'text/plain; charset=utf-8',
    body: `${message}\n`,
    headers: {'X-Content-Type-Options': 'nosniff'},
  };
}

export function textReply(status: number, text: string, headers: Record<string, string> = {}): HttpReply {
  return {status, contentType: 'text/plain; charset=utf-8', body: text, headers};
}

export function htmlReply(status: number, html: string, headers: Record<string, string> = {}): HttpReply {
  return {status, contentType: 'text/html; charset=utf-8', body: html, headers};
}

export function emptyReply(status: number, headers: Record<string, string> = {}): HttpReply {
  return {status, contentType: '', body: '', headers};
}

const redirections = {301: 'Moved Permanently', 302: 'Found', 307: 'Temporary Redirect'};

/** With 307, the client sends the same again; with the others a POST becomes a GET. */
export function redirect(status: keyof typeof redirections, location: string): HttpReply {
  const html = `<a href="${escapeHtml(location)}">${redirections[status]}</a>.\n\n`;
  return htmlReply(status, html, {Location: location});
}

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
