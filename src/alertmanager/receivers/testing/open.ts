// Receivers from their sections' texts, and notifications for them.
import {writeYaml} from '../../../base/yaml-write.ts';
import {parseYaml, type YamlNode, yamlLimits} from '../../../base/yaml.ts';
import {systemClock} from '../../../sys/clock.ts';
import {type Logger, noLogger} from '../../../sys/log.ts';
import {type NotificationAlert, NotificationTemplates} from '../../../template/alertmanager.ts';
import {globalFields, readGlobal} from '../../global.ts';
import type {IntegrationConfig, Notification, Notifier, NotifyError} from '../../integration.ts';
import {integrationKinds} from '../registry.ts';

const emptyMapping: YamlNode = {kind: 'mapping', entries: [], offset: 0};

export interface ReadReceiver {
  readonly config: IntegrationConfig | null;
  /** `path: message`, in the order in which they were found. */
  readonly problems: string[];
}

/** Reads one item of `key`, for example `slack_configs`; `global` is the text of the global section. */
export function readReceiver(key: string, yaml: string, global = '', directory = '/etc/am'): ReadReceiver {
  const kind = integrationKinds.find((each) => each.key === key);
  if (kind === undefined) throw new RangeError(`no kind ${key}`);
  const problems: string[] = [];
  const complain = (path: (string | number)[], message: string): void => {
    problems.push(`${path.join('.')}: ${message}`);
  };
  const fields = globalFields.parse(parseYaml(global, yamlLimits).root ?? emptyMapping);
  const config = kind.read(parseYaml(yaml, yamlLimits).root ?? emptyMapping, {
    global: readGlobal(fields, directory, complain),
    directory,
    complain,
    complainOfSchema: (error) => {
      for (const issue of error.issues) complain(issue.path as string[], issue.message);
    },
  });
  return {config, problems};
}

/** The section as it is shown. */
export function shownReceiver(key: string, yaml: string, global = ''): string {
  const {config, problems} = readReceiver(key, yaml, global);
  if (config === null || problems.length > 0) throw new SyntaxError(problems.join('\n'));
  return writeYaml(config.document);
}

export function openReceiver(
  key: string,
  yaml: string,
  {
    global = '',
    logger = noLogger,
    templates = new NotificationTemplates(),
  }: {
    global?: string;
    logger?: Logger;
    templates?: NotificationTemplates;
  } = {},
): Notifier {
  const {config, problems} = readReceiver(key, yaml, global);
  if (config === null || problems.length > 0) throw new SyntaxError(problems.join('\n'));
  return config.open({templates, logger, clock: systemClock});
}

export function alertOf(fields: Partial<NotificationAlert> = {}): NotificationAlert {
  return {
    labels: new Map([
      ['alertname', 'Down'],
      ['instance', 'a:80'],
      ['severity', 'critical'],
    ]),
    annotations: new Map([['summary', 'a is <down> & out']]),
    startsAtMs: Date.UTC(2026, 0, 1, 10),
    endsAtMs: 0,
    isResolved: false,
    generatorUrl: 'http://p/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
    fingerprint: '1f2e3d4c5b6a7988',
    ...fields,
  };
}

export function resolvedAlert(): NotificationAlert {
  return alertOf({endsAtMs: Date.UTC(2026, 0, 1, 11), isResolved: true});
}

export function notificationOf(fields: Partial<Notification> = {}): Notification {
  return {
    receiver: 'team-x',
    groupKey: '{}:{alertname="Down"}',
    groupLabels: new Map([['alertname', 'Down']]),
    routeLabels: new Map(),
    alerts: [alertOf()],
    reason: 'first notification',
    externalUrl: 'http://am.example',
    nowMs: Date.UTC(2026, 0, 1, 10, 1),
    // Longer than any test: notifications are made where a file is loaded, and used when its turn has come.
    signal: AbortSignal.timeout(600_000),
    receiverData: new Map(),
    ...fields,
  };
}

/** What went wrong, or null. */
export async function failureOf(notifier: Notifier, notification: Notification): Promise<NotifyError | null> {
  try {
    await notifier.notify(notification);
    return null;
  } catch (error) {
    return error as NotifyError;
  }
}
