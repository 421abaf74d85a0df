// The JSON Schema of the configuration file, made of the definitions that files are read by. It is shipped as
// docs/schemas/prometheus.schema.json, which a test compares with what this makes.

import type * as z from 'zod';
import {text, list} from '../model/fields.ts';
import {type JsonSchema, jsonSchemaOf, orNull, withDefinitions} from '../model/json-schema.ts';
import {alertingFields} from '../notifier/schema.ts';
import {remoteReadFields} from '../remote/read-schema.ts';
import {remoteWriteFields} from '../remote/write-schema.ts';
import {scrapeConfigFields} from '../scrape/schema.ts';
import {globalFields} from './global.ts';
import {otlpFields} from './otlp.ts';
import {runtimeFields, storageFields} from './sections.ts';
import {tracingFields} from './tracing.ts';

/** Of prometheus.yml. */
export function configJsonSchema(): JsonSchema {
  const optional = (field: z.ZodType): JsonSchema => orNull(jsonSchemaOf(field));
  const schema = withDefinitions({
    type: ['object', 'null'],
    properties: {
      global: optional(globalFields),
      runtime: optional(runtimeFields),
      rule_files: jsonSchemaOf(list(text)),
      scrape_config_files: jsonSchemaOf(list(text)),
      scrape_configs: jsonSchemaOf(list(scrapeConfigFields)),
      alerting: optional(alertingFields),
      remote_write: jsonSchemaOf(list(remoteWriteFields)),
      remote_read: jsonSchemaOf(list(remoteReadFields)),
      storage: optional(storageFields),
      otlp: optional(otlpFields),
      tracing: optional(tracingFields),
    },
    additionalProperties: false,
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of Narthex and Prometheus',
    ...schema,
  };
}

/** As it is shipped. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
