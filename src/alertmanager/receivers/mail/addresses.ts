// RFC 5322: lists of addresses, of which mail servers want the bare ones.

/** `"A, B" <a@example.org>, b@example.org` gives both addresses. Throws SyntaxError. */
export function parseAddresses(list: string): string[] {
  const addresses = splitList(withoutComments(list)).map(parseAddress);
  if (addresses.length === 0) throw new SyntaxError('mail: no address');
  return addresses;
}

/** At commas outside of quotes and angle brackets; empty items are left out. */
function splitList(text: string): string[] {
  const items = text.match(/(?:"(?:\\.|[^"\\])*"|<[^>]*>|[^,"<]|["<])+/gs) ?? [];
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function withoutComments(text: string): string {
  let result = '';
  let depth = 0;
  for (const piece of text.match(/"(?:\\.|[^"\\])*"|\\.|[^]/g) ?? []) {
    if (piece === '(') depth++;
    else if (piece === ')' && depth > 0) depth--;
    else if (depth === 0) result += piece;
  }
  if (depth > 0) throw new SyntaxError('mail: misformatted parenthetical comment');
  return result;
}

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\\u0080-\\uffff-]+";
const local = `(?:${atom}|"(?:\\\\.|[^"\\\\\\r\\n])*")`;
const domain = `(?:${atom}|\\[[^\\]\\s]*\\])`;
const bare = new RegExp(`^${local}\\s*@\\s*${domain}$`, 'u');

function parseAddress(item: string): string {
  if (/[\r\n]/.test(item)) throw new SyntaxError(`mail: cannot read the address ${JSON.stringify(item)}`);
  const inAngles = /<\s*([^<>]*?)\s*>$/s.exec(item);
  const address = inAngles === null ? item : inAngles[1]!;
  if (inAngles === null && !item.includes('@')) throw new SyntaxError("mail: missing '@' or angle-addr");
  if (!bare.test(address)) throw new SyntaxError(`mail: cannot read the address ${JSON.stringify(item)}`);
  return address.replaceAll(/\s*@\s*/g, '@');
}
