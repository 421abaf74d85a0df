// Replacement templates as Go's Regexp.Expand reads them: `$1`, `${1}`, `$name`, `${name}`, `$$`. A name is the longest
// run of letters, digits and underscores, so `$1x` is the group named `1x`. A dollar that begins no name is a dollar.

/** Texts, and indexes of groups between them; a group that there is not stands for nothing. */
export interface Template {
  parts: readonly (string | number)[];
  /** The template's own text where it refers to no group, otherwise null. */
  literal: string | null;
}

/** `groupNames` has the name of each group by its index, '' for those without one. */
export function parseTemplate(template: string, groupNames: readonly string[]): Template {
  const parts: (string | number)[] = [];
  let text = '';
  const reference = /\$(?:(\$)|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;
  let end = 0;
  for (const match of template.matchAll(reference)) {
    text += template.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[1] !== undefined) {
      text += '$';
      continue;
    }
    const index = groupIndex(match[2] ?? match[3]!, groupNames);
    if (text !== '') parts.push(text);
    text = '';
    parts.push(index);
  }
  text += template.slice(end);
  if (text !== '') parts.push(text);
  const literal = parts.every((part) => typeof part === 'string') ? parts.join('') : null;
  return {parts, literal};
}

function groupIndex(name: string, groupNames: readonly string[]): number {
  // As there: no leading zeros, and no numbers from a hundred million on.
  if (/^(?:0|[1-9][0-9]{0,8})$/.test(name) && Number(name) < 1e8) return Number(name);
  return groupNames.indexOf(name);
}

/** Fills in the groups of a match; groups that took no part in it are ''. */
export function expandTemplate(template: Template, groups: readonly string[]): string {
  if (template.literal !== null) return template.literal;
  let text = '';
  for (const part of template.parts) text += typeof part === 'string' ? part : (groups[part] ?? '');
  return text;
}
