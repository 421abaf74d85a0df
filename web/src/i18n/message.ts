// Messages are templates with named placeholders: `{name}` is replaced by a value, and `{count|target|targets}` by the
// first word when the value is 1 and by the second otherwise (languages without plural leave that form out).

type NameOf<Inside extends string> = Inside extends `${infer Name}|${string}` ? Name : Inside;
type NamesIn<Template extends string> = Template extends `${string}{${infer Inside}}${infer Rest}`
  ? NameOf<Inside> | NamesIn<Rest>
  : never;

/** The values that a template needs: no argument for a template without placeholders. */
export type MessageValues<Template extends string> = [NamesIn<Template>] extends [never]
  ? []
  : [values: Record<NamesIn<Template>, string | number>];

const placeholder = /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g;

/** Fills a template in. Numbers are written with the language's own grouping of digits. */
export function formatMessage(
  template: string,
  values: Readonly<Record<string, string | number>>,
  language: string,
): string {
  return template.replace(placeholder, (_, name: string, one?: string, other?: string) => {
    const value = values[name];
    if (one !== undefined && other !== undefined) return value === 1 ? one : other;
    return typeof value === 'number' ? value.toLocaleString(language) : String(value);
  });
}

/** The names of the placeholders in a template, sorted, each once. */
export function placeholdersOf(template: string): string[] {
  return [...new Set([...template.matchAll(placeholder)].map((match) => match[1]!))].sort();
}
