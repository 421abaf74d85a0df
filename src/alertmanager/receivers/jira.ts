// Jira: an issue for each group of alerts, found again by a label with the hash of the group's key.
import {quoteGo} from '../../base/quote.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  NotifyError,
  type ReadContext,
} from '../integration.ts';
import {hashOfKey, isAllResolved} from './alert-status.ts';
import {HttpNotifier} from './base-notifier.ts';
import {jiraFields, type JiraFields, readJira} from './jira-config.ts';
import {encodeJson} from './json.ts';
import {renderPlain} from './plain-value.ts';
import {checkStatus} from './sender.ts';
import type {Texts} from './texts.ts';
import {joinPath} from './urls.ts';

export const jira = integrationKind({
  key: 'jira_configs',
  name: 'jira',
  emptyMessage: 'missing jira config',
  fields: jiraFields,
  read,
});

const summaryCharactersMax = 255;
const descriptionCharactersMax = 32_767;

function read(fields: JiraFields, context: ReadContext): IntegrationConfig {
  const {config, http, document} = readJira(fields, context);
  return {
    sendResolved: config.send_resolved,
    document,
    open: (world) => new JiraNotifier(config, http.config, world),
  };
}

/** Of an issue, what decides about its transitions. */
interface Issue {
  readonly key?: string;
  readonly fields?: {readonly status?: {readonly statusCategory?: {readonly key?: string}}};
}

interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly body?: unknown;
}

class JiraNotifier extends HttpNotifier<JiraFields> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const texts = this.texts(notification);
    const label = `ALERT{${hashOfKey(notification.groupKey)}}`;
    const found = await this.#search(texts, notification, label);
    // What is over needs no new issue.
    if (found === null && isAllResolved(notification)) return;
    const fields = this.#fields(texts, notification, label);
    if (found !== null) {
      if (config.summary.enable_update === false) delete fields['summary'];
      if (config.description.enable_update === false) delete fields['description'];
    }
    const method = found === null ? 'POST' : 'PUT';
    const path = found === null ? 'issue' : `issue/${found.key ?? ''}`;
    const request = {method, url: joinPath(config.api_url, path), body: {fields}} as const;
    await withPrefix(`failed to ${method} request to ${quoteGo(path)}: `, () =>
      this.#request(request, notification),
    );
    if (found !== null) await this.#move(found, notification);
  }

  async #search(texts: Texts, notification: Notification, label: string): Promise<Issue | null> {
    const project = texts.text(this.config.project);
    texts.check('failed to look up existing issues: invalid project template or value: ');
    const request: ApiRequest = {
      method: 'POST',
      url: this.#searchUrl(),
      body: {
        fields: ['status'],
        jql: this.#query(project, label, !isAllResolved(notification)),
        maxResults: 2,
      },
    };
    const prefix = 'failed to look up existing issues: HTTP request to JIRA API: ';
    const answer = await withPrefix(prefix, () => this.#request(request, notification));
    const {issues} = parseAnswer<{issues: Issue[] | null}>(answer);
    const [first] = issues ?? [];
    if (first === undefined) return null;
    if (issues!.length > 1)
      this.world.logger.warn('more than one issue matched, selecting the most recently resolved', {
        group_key: notification.groupKey,
        selected_issue: first.key,
      });
    return first;
  }

  #query(project: string, label: string, firing: boolean): string {
    const {wont_fix_resolution: wontFix, reopen_transition: reopen, reopen_duration: reopenMs} = this.config;
    const parts: string[] = [];
    // Unresolved issues have no resolution, and `!=` would leave them out.
    if (wontFix !== '') parts.push(`(resolution is EMPTY or resolution != ${quoteGo(wontFix)})`);
    const minutes = Math.trunc(reopenMs / 60_000);
    parts.push(
      firing && reopen !== '' && minutes > 0
        ? `(resolutiondate is EMPTY OR resolutiondate >= -${minutes}m)`
        : 'statusCategory != Done',
    );
    parts.push(`project=${quoteGo(project)}`, `labels=${quoteGo(label)}`);
    return `${parts.join(' and ')} order by status ASC,resolutiondate DESC`;
  }

  /** Jira Cloud has another search than a data center has. https://developer.atlassian.com/changelog/#CHANGE-2046 */
  #searchUrl(): string {
    const {api_type: type, api_url: api} = this.config;
    const isCloud = type === 'cloud' || (type === 'auto' && new URL(api).host.endsWith('atlassian.net'));
    if (!isCloud) return joinPath(api, 'search');
    return joinPath(api, 'search/jql').replace('/rest/api/2/', '/rest/api/3/');
  }

  #fields(texts: Texts, notification: Notification, label: string): Record<string, unknown> {
    const {config} = this;
    const {groupKey} = notification;
    const render = (template: string, what: string): string => {
      const rendered = texts.text(template);
      texts.check(`${what} template: `);
      return rendered;
    };
    const summary = render(config.summary.template, 'summary');
    const project = render(config.project, 'project');
    const issueType = render(config.issue_type, 'issue_type');
    const custom = Object.fromEntries(
      [...config.fields].map(([name, value]) => [name, renderPlain(value, texts.text)]),
    );
    texts.check('fields template: ');
    const labels = config.labels.map((each, index) => render(each, `labels[${index}]`));
    const description = this.#description(render(config.description.template, 'description'), groupKey);
    const priority = render(config.priority, 'priority');
    return {
      summary: this.cut(summary, summaryCharactersMax, {what: 'summary', groupKey}),
      ...(description !== null && {description}),
      issuetype: {name: issueType},
      labels: [...labels, label].sort(),
      ...(priority !== '' && {priority: {name: priority}}),
      project: {key: project},
      ...custom,
    };
  }

  /** A text, or for version 3 of the API a document. Null where there is none. */
  #description(rendered: string, groupKey: string): unknown {
    const description = this.cut(rendered, descriptionCharactersMax, {what: 'description', groupKey});
    const isV3 = new URL(this.config.api_url).pathname.replace(/\/+$/, '').endsWith('/3');
    if (!isV3) return description === '' ? null : description;
    if (description.trim() === '') return null;
    try {
      return JSON.parse(description) as unknown;
    } catch (cause) {
      throw new NotifyError('description template: invalid JSON for API v3', {retry: false, cause});
    }
  }

  /** Reopens what fires again, and resolves what is over. */
  async #move(issue: Issue, notification: Notification): Promise<void> {
    const {config} = this;
    const {key = '', fields} = issue;
    if (key === '' || fields?.status === undefined) return;
    const isDone = fields.status.statusCategory?.key === 'done';
    const isOver = isAllResolved(notification);
    if (isDone === isOver) return;
    const name = isOver ? config.resolve_transition : config.reopen_transition;
    if (name === '') return;
    const url = joinPath(config.api_url, `issue/${key}/transitions`);
    const answer = await this.#request({method: 'GET', url}, notification);
    const {transitions} = parseAnswer<{transitions: {id?: string; name?: string}[] | null}>(answer);
    const transition = transitions?.find((each) => each.name === name);
    if (transition === undefined)
      throw new NotifyError(`can't find transition ${name} for issue ${key}`, {retry: false});
    await this.#request({method: 'POST', url, body: {transition: {id: transition.id}}}, notification);
  }

  async #request({method = 'GET', url, body}: ApiRequest, {signal}: Notification): Promise<string> {
    const answer = await this.sender
      .send(url, {
        method,
        ...(body !== undefined && {body: encodeJson(body)}),
        headers: {'content-type': 'application/json', 'accept-language': 'en'},
        signal,
      })
      .catch((cause: Error) => {
        // As Alertmanager does it: the same group comes again after group_interval.
        throw new NotifyError(cause.message, {retry: false, cause});
      });
    checkStatus(answer, {retryCodes: [429]});
    return answer.text;
  }
}

function parseAnswer<Answer extends object>(answer: string): Partial<Answer> {
  try {
    const said = JSON.parse(answer) as unknown;
    return typeof said === 'object' && said !== null ? said : {};
  } catch (cause) {
    throw new NotifyError(`cannot read the answer: ${(cause as Error).message}`, {retry: false, cause});
  }
}

async function withPrefix<T>(prefix: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof NotifyError)) throw cause;
    const {retry, reason, retryAfterMs} = cause;
    throw new NotifyError(prefix + cause.message, {retry, reason, retryAfterMs, cause});
  }
}
