// The otlp section of the configuration file.

import type * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import type {YamlMap} from '../base/yaml-write.ts';
import {type Complain, linesOf} from '../http/config-parts.ts';
import {boolean, choice, list, section, text} from '../model/fields.ts';

const translations = [
  'UnderscoreEscapingWithSuffixes',
  'UnderscoreEscapingWithoutSuffixes',
  'NoUTF8EscapingWithSuffixes',
  'NoTranslation',
] as const;

export type OtlpTranslation = (typeof translations)[number];

/** What becomes of metrics that are received over OTLP. */
export interface OtlpConfig {
  promoteAllResourceAttributes: boolean;
  promoteResourceAttributes: string[];
  ignoreResourceAttributes: string[];
  translationStrategy: OtlpTranslation;
  keepIdentifyingResourceAttributes: boolean;
  convertHistogramsToNhcb: boolean;
  promoteScopeMetadata: boolean;
  labelNameUnderscoreSanitization: boolean;
  labelNamePreserveMultipleUnderscores: boolean;
}

export const otlpFields = section(() => ({
  promote_all_resource_attributes: boolean.default(false),
  promote_resource_attributes: list(text).default([]),
  ignore_resource_attributes: list(text).default([]),
  translation_strategy: choice(
    translations,
    (wrong) => `unsupported OTLP translation strategy ${quoteGo(wrong)}`,
  ).default('UnderscoreEscapingWithSuffixes'),
  keep_identifying_resource_attributes: boolean.default(false),
  convert_histograms_to_nhcb: boolean.default(false),
  promote_scope_metadata: boolean.default(false),
  label_name_underscore_sanitization: boolean.default(true),
  label_name_preserve_multiple_underscores: boolean.default(true),
}));

type Fields = z.output<typeof otlpFields>;

export interface ReadOtlp {
  config: OtlpConfig;
  document: YamlMap;
}

/** Checks what the fields say together. `legacyNames`: names other than the older ones are not allowed. */
export function readOtlp(fields: Fields, legacyNames: boolean, complain: Complain): ReadOtlp {
  const {translation_strategy: strategy, promote_all_resource_attributes: promotesAll} = fields;
  if (legacyNames && (strategy === 'NoTranslation' || strategy === 'NoUTF8EscapingWithSuffixes'))
    complain(
      ['translation_strategy'],
      `OTLP translation strategy ${quoteGo(strategy)} is not allowed when UTF8 is disabled`,
    );
  const promoted = trimmed(fields, 'promote_resource_attributes', 'promoted', complain);
  const ignored = trimmed(fields, 'ignore_resource_attributes', 'ignored', complain);
  if (promotesAll && promoted.length > 0)
    complain(
      ['promote_resource_attributes'],
      "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously",
    );
  if (!promotesAll && ignored.length > 0)
    complain(
      ['ignore_resource_attributes'],
      "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true",
    );
  return {
    config: {
      promoteAllResourceAttributes: promotesAll,
      promoteResourceAttributes: promoted,
      ignoreResourceAttributes: ignored,
      translationStrategy: strategy === '' ? 'UnderscoreEscapingWithSuffixes' : strategy,
      keepIdentifyingResourceAttributes: fields.keep_identifying_resource_attributes,
      convertHistogramsToNhcb: fields.convert_histograms_to_nhcb,
      promoteScopeMetadata: fields.promote_scope_metadata,
      labelNameUnderscoreSanitization: fields.label_name_underscore_sanitization,
      labelNamePreserveMultipleUnderscores: fields.label_name_preserve_multiple_underscores,
    },
    document: documentOf({
      ...fields,
      promote_resource_attributes: promoted,
      ignore_resource_attributes: ignored,
    }),
  };
}

function trimmed(
  fields: Fields,
  name: 'promote_resource_attributes' | 'ignore_resource_attributes',
  adjective: string,
  complain: Complain,
): string[] {
  const attributes = fields[name].map((attribute) => attribute.trim());
  for (const [index, attribute] of attributes.entries()) {
    if (attribute === '')
      complain([name, index], `invalid '${name}': empty ${adjective} OTel resource attribute`);
    else if (attributes.indexOf(attribute) < index)
      complain(
        [name, index],
        `invalid '${name}': duplicated ${adjective} OTel resource attribute ${quoteGo(attribute)}`,
      );
  }
  return attributes;
}

function documentOf(fields: Fields): YamlMap {
  return linesOf(
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value === false ? '' : value])),
  );
}
