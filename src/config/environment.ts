/**
 * Replaces `$name` and `${name}` as Go's os.Expand does; `$$` is a dollar. A dollar that no name follows stays; `${}` and
 * `${` without an end are swallowed.
 */
export function expandVariables(text: string, lookup: (name: string) => string): string {
  const pattern = /\$(?:\{([*#$@!?0-9-])\}|\{([^}]+)\}|(\{\}|\{)|([*#$@!?0-9-])|([A-Za-z_][A-Za-z0-9_]*))/g;
  return text.replace(
    pattern,
    (_, special?: string, braced?: string, bad?: string, single?: string, plain?: string) => {
      if (bad !== undefined) return '';
      const name = special ?? braced ?? single ?? plain!;
      return name === '$' ? '$' : lookup(name);
    },
  );
}
