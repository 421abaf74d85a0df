// Sections within receivers' sections, whose fields are checked together where they are read.
import * as z from 'zod';
import type {Field} from '../../model/fields.ts';

/** `complaint` gives what is wrong, or null; `change` what the section counts as. */
export function checked<T>(
  schema: Field<T>,
  complaint: (fields: T) => string | null,
  change: (fields: T) => T = (fields) => fields,
): Field<T> {
  return schema.transform((fields, context): T => {
    const message = complaint(fields);
    if (message === null) return change(fields);
    context.issues.push({code: 'custom', message, input: fields});
    return z.NEVER;
  });
}
