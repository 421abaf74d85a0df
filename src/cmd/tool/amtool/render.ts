import {globSync, readFileSync} from 'node:fs';
import {basename} from 'node:path';
import {compareStrings} from '../../../model/labels.ts';
import {NotificationTemplates, templateDataOfJson} from '../../../template/alertmanager.ts';
import {FlagError, type FlagValues} from '../../flags.ts';
import {readTextFile} from '../../textfile.ts';
import type {Output} from '../output.ts';

/** `template render`: gives the exit code. */
export function renderTemplate(flags: FlagValues, output: Output): number {
  for (const name of ['template.glob', 'template.text'])
    if (!flags.isGiven(name)) throw new FlagError(`required flag --${name} not provided`, 1);
  const templates = templatesOf(flags.texts('template.glob'));
  const file = flags.text('template.data');
  const data = templateDataOfJson(file === '' ? exampleData() : JSON.parse(readTextFile(file)));
  const text = flags.text('template.text');
  const isHtml = flags.text('template.type') === 'html';
  output.write(isHtml ? templates.renderHtml(text, data) : templates.renderText(text, data));
  return 0;
}

/** The default templates, and those of all files that match. Throws TemplateError. */
export function templatesOf(patterns: readonly string[]): NotificationTemplates {
  const templates = new NotificationTemplates({passesByValue: true});
  for (const pattern of patterns)
    for (const file of globSync(pattern).sort(compareStrings))
      templates.parse(basename(file), readFileSync(file, 'utf8'));
  return templates;
}

/** Alerts for those who have none. */
function exampleData(): unknown {
  const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
  const commonLabels = {commonlabelkey1: 'commonlabelvalue1', commonlabelkey2: 'commonlabelvalue2'};
  const commonAnnotations = {
    commonannotationkey1: 'commonannotationvalue1',
    commonannotationkey2: 'commonannotationvalue2',
  };
  const firing = {
    status: 'firing',
    labels: {label1: 'value1', label2: 'value2', instance: 'foo.bar:1234', ...commonLabels},
    annotations: {annotation1: 'value1', annotation2: 'value2', ...commonAnnotations},
    startsAt: ago(5),
    endsAt: ago(0),
    generatorURL: 'https://generatorurl.com',
    fingerprint: 'fingerprint1',
  };
  const resolved = {
    ...firing,
    status: 'resolved',
    labels: {foo: 'bar', baz: 'qux', ...commonLabels},
    annotations: {aaa: 'bbb', ccc: 'ddd', ...commonAnnotations},
    startsAt: ago(10),
    fingerprint: 'fingerprint2',
  };
  return {
    receiver: 'receiver',
    status: 'alertstatus',
    alerts: [firing, resolved],
    groupLabels: {grouplabelkey1: 'grouplabelvalue1', grouplabelkey2: 'grouplabelvalue2'},
    commonLabels,
    commonAnnotations,
    externalURL: 'https://example.com',
  };
}
