/** What a template may refer to: the groups of a match. */
export interface MatchGroups {
  groupCount(): number;
  group(group: number | string): string | null;
}

/**
 * Go's Regexp.Expand: `$name` (letters, digits and underscores, as many as there are), `${name}` and `$$`. Numbers are
 * groups; what names no group is empty. A dollar sign that begins none of these stands for itself.
 */
export function expandTemplate(template: string, match: MatchGroups): string {
  return template.replaceAll(
    /\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu,
    (_whole: string, bare?: string, braced?: string) => {
      const name = bare ?? braced;
      return name === undefined ? '$' : groupText(match, name);
    },
  );
}

function groupText(match: MatchGroups, name: string): string {
  if (/^\d+$/.test(name)) {
    const number = Number(name);
    // A number with leading zeros is a name.
    if (String(number) === name) return number <= match.groupCount() ? (match.group(number) ?? '') : '';
  }
  try {
    return match.group(name) ?? '';
  } catch {
    return '';
  }
}
