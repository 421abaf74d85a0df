// XML as web services answer it: elements and texts. Attributes are skipped; document types and namespaces mean nothing here.

export interface XmlElement {
  name: string;
  /** Of the element itself, without that of its children. */
  text: string;
  children: XmlElement[];
}

const depthMax = 100;
const entities: Readonly<Record<string, string>> = {lt: '<', gt: '>', quot: '"', apos: "'", amp: '&'};
const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<!DOCTYPE[^>]*>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)(?:\s+(?:[^"'>/]|"[^"]*"|'[^']*'|\/(?!>))*)?(\/)?>|([^<]+)/gy;

/** Reads a document and gives its root. Throws SyntaxError, with the offset. */
export function parseXml(text: string): XmlElement {
  const document: XmlElement = {name: '', text: '', children: []};
  const open = [document];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new SyntaxError(`not XML at offset ${at}`);
    const [, data, closed, opened, isEmpty, characters] = match;
    const current = open.at(-1)!;
    if (opened !== undefined) {
      const element: XmlElement = {name: opened, text: '', children: []};
      current.children.push(element);
      if (isEmpty === undefined) open.push(element);
      if (open.length > depthMax)
        throw new SyntaxError(`more than ${depthMax} elements in each other at offset ${at}`);
    } else if (closed !== undefined) {
      if (open.length === 1 || current.name !== closed)
        throw new SyntaxError(`</${closed}> closes nothing at offset ${at}`);
      open.pop();
    } else if (data !== undefined) current.text += data;
    else if (characters !== undefined) current.text += unescape(characters);
  }
  const [root, second] = document.children;
  if (open.length > 1) throw new SyntaxError(`<${open.at(-1)!.name}> is not closed`);
  if (root === undefined || second !== undefined) throw new SyntaxError('not one element at the top');
  return root;
}

function unescape(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(
    /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-z]+));/g,
    (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
      if (name !== undefined) return entities[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** The first child of a name, or null. */
export function childOf(element: XmlElement | null, name: string): XmlElement | null {
  return element?.children.find((each) => each.name === name) ?? null;
}

/** The text of the child that a path of names leads to, or null. */
export function textAt(element: XmlElement, ...path: string[]): string | null {
  let current: XmlElement | null = element;
  for (const name of path) current = childOf(current, name);
  return current?.text ?? null;
}

/** The `item`s below a child: how AWS writes lists. */
export function itemsOf(element: XmlElement | null, name: string): XmlElement[] {
  return childOf(element, name)?.children.filter((each) => each.name === 'item') ?? [];
}
