// Go's html/template: what actions put into a document is escaped for the place where it stands there.
import {TemplateError} from './error.ts';
import {escaperFunctions} from './html/escaper-functions.ts';
import {escapeTrees} from './html/escaper.ts';
import {TemplateSet} from './template.ts';
import type {Value} from './value.ts';

/** Executes template `name` of a set as HTML. Throws TemplateError. */
export function executeHtml(set: TemplateSet, name: string, data: Value | null): string {
  if (!set.trees.has(name)) throw new TemplateError(`html/template: ${JSON.stringify(name)} is undefined`);
  const functions = new Map([...(set.options.functions ?? []), ...escaperFunctions]);
  return new TemplateSet({...set.options, functions}, escapeTrees(set.trees, name)).execute(name, data);
}
