// What attributes of HTML hold. Attributes that change how a document works may not get their values from actions.

export type ContentKind = 'plain' | 'unsafe' | 'url' | 'css' | 'js' | 'html' | 'srcset';

const kinds: readonly (readonly [ContentKind, string])[] = [
  [
    'plain',
    'accept alt autocomplete autofocus autoplay border checked class cols colspan contenteditable contextmenu controls coords datetime default dir dirname disabled draggable dropzone for formtarget headers height hidden high hreflang id ismap kind label lang list loop low max maxlength media mediagroup min multiple name open optimum placeholder preload pubdate radiogroup readonly required reversed rows rowspan spellcheck scope scoped seamless selected shape size sizes span srclang start step tabindex target title width wrap',
  ],
  [
    'unsafe',
    'accept-charset async challenge charset content crossorigin defer enctype form formenctype formmethod formnovalidate http-equiv keytype language method novalidate pattern rel sandbox type value',
  ],
  [
    'url',
    'action archive background cite classid codebase data formaction href icon longdesc manifest poster profile src usemap xmlns',
  ],
  ['css', 'style'],
  ['html', 'srcdoc'],
  ['srcset', 'srcset'],
];

const known = new Map<string, ContentKind>();
for (const [kind, names] of kinds) for (const name of names.split(' ')) known.set(name, kind);

/** Of a name in lower case. What is not known is guessed, on the safe side. */
export function attributeContent(name: string): ContentKind {
  let short = name;
  if (name.startsWith('data-')) short = name.slice('data-'.length);
  else if (name.includes(':')) {
    if (name.startsWith('xmlns:')) return 'url';
    short = name.slice(name.indexOf(':') + 1);
  }
  const kind = known.get(short);
  if (kind !== undefined) return kind;
  if (short.startsWith('on')) return 'js';
  return /src|uri|url/.test(short) ? 'url' : 'plain';
}
