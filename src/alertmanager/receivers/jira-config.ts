// The section `jira_configs`.
import * as z from 'zod';
import type {YamlMap} from '../../base/yaml-write.ts';
import type {YamlNode} from '../../base/yaml.ts';
import {sortedMap} from '../../base/yaml-write.ts';
import type {ReadHttpClient} from '../../http/client-config.ts';
import {formatDuration} from '../../model/duration.ts';
import {boolean, dictionary, duration, type Field, list, section, text} from '../../model/fields.ts';
import {url} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {type ReadContext, receiverHttp} from '../integration.ts';
import {linesOfSection} from './lines.ts';
import {plainValue, yamlOfPlain} from './plain-value.ts';

export interface JiraText {
  readonly template: string;
  /** Whether issues that are there already get it; undefined = yes. */
  readonly enable_update?: boolean | undefined;
}

/** A template, or a section with one. */
function jiraText(template: string): z.ZodDefault<Field<JiraText>> {
  const fields = section(() => ({template: text.default(template), enable_update: boolean.optional()}));
  const either = z.unknown().transform((input, context): JiraText => {
    const isSection = (input as YamlNode).kind === 'mapping';
    const read = isSection ? fields.safeParse(input) : text.safeParse(input);
    if (read.success) return typeof read.data === 'string' ? {template: read.data} : read.data;
    for (const issue of read.error.issues) context.issues.push({...issue, input} as z.core.$ZodRawIssue);
    return z.NEVER;
  });
  return either.default({template});
}

export const jiraFields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  api_url: url.default(''),
  api_type: text.default('auto'),
  project: text.default(''),
  summary: jiraText('{{ template "jira.default.summary" . }}'),
  description: jiraText('{{ template "jira.default.description" . }}'),
  labels: list(text).default([]),
  priority: text.default('{{ template "jira.default.priority" . }}'),
  issue_type: text.default(''),
  reopen_transition: text.default(''),
  resolve_transition: text.default(''),
  wont_fix_resolution: text.default(''),
  reopen_duration: duration.default(0),
  fields: dictionary(plainValue, 'map[string]interface {}').default(new Map()),
}));

export type JiraFields = z.output<typeof jiraFields>;

export function readJira(
  own: JiraFields,
  context: ReadContext,
): {config: JiraFields; http: ReadHttpClient; document: YamlMap} {
  const {complain} = context;
  if (own.project === '') complain([], 'missing project in jira_config');
  if (own.issue_type === '') complain([], 'missing issue_type in jira_config');
  if (!['auto', 'cloud', 'datacenter'].includes(own.api_type))
    complain(['api_type'], 'unknown api_type on jira_config, must be auto, cloud or datacenter');
  const config = {...own, api_url: own.api_url || context.global.fields.jira_api_url};
  if (config.api_url === '') complain([], 'no global Jira Cloud URL set');
  const http = receiverHttp(config.http_config, context);
  const fields = new Map([...config.fields].map(([name, value]) => [name, yamlOfPlain(value)]));
  const document = linesOfSection(config, {
    always: ['send_resolved'],
    replaced: {
      http_config: http.document,
      reopen_duration: config.reopen_duration === 0 ? undefined : formatDuration(config.reopen_duration),
      fields: fields.size === 0 ? undefined : sortedMap(fields),
    },
  });
  return {config, http, document};
}
