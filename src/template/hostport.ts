// Go's net.SplitHostPort, JoinHostPort and ParseIP.

/** Null where the text is no host with a port. */
export function splitHostPort(text: string): {host: string; port: string} | null {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return null;
  const port = text.slice(colon + 1);
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0 || close + 1 !== colon) return null;
    const host = text.slice(1, close);
    return host.includes('[') || /[[\]]/.test(port) ? null : {host, port};
  }
  const host = text.slice(0, colon);
  return /[:[\]]/.test(host) || /[[\]]/.test(port) ? null : {host, port};
}

export function joinHostPort(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

export function isIpAddress(text: string): boolean {
  return ipv4.test(text) || isIpv6(text);
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const all = groups.flat();
  let size = all.length;
  const last = all.at(-1);
  if (last?.includes('.') === true) {
    if (!ipv4.test(last) || groups.at(-1)!.length === 0) return false;
    all.pop();
    size++;
  }
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? size < 8 : size === 8;
}
