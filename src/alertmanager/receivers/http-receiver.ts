import type {YamlValue} from '../../base/yaml-write.ts';
import type {HttpClientConfig} from '../../http/client-config.ts';
import type {HttpConfigFields} from '../global.ts';
import {
  type IntegrationConfig,
  type IntegrationWorld,
  type Notifier,
  type ReadContext,
  receiverHttp,
} from '../integration.ts';
import {linesOfSection} from './lines.ts';

interface HttpReceiverFields {
  readonly send_resolved: boolean;
  readonly http_config: HttpConfigFields;
}

/** What receivers over HTTP have in common once their fields are read: `http_config`, the global one where there is none. */
export function httpReceiver<Fields extends HttpReceiverFields>(
  config: Fields,
  context: ReadContext,
  {
    always = [],
    secrets = [],
    replaced = {},
    open,
  }: {
    /** Fields that are shown also where they say nothing, besides `send_resolved`. */
    always?: readonly (keyof Fields & string)[];
    secrets?: readonly (keyof Fields & string)[];
    /** Fields with other lines than their values; undefined = none. */
    replaced?: Readonly<Record<string, YamlValue | undefined>>;
    open: (http: HttpClientConfig, world: IntegrationWorld) => Notifier;
  },
): IntegrationConfig {
  const http = receiverHttp(config.http_config, context);
  return {
    sendResolved: config.send_resolved,
    document: linesOfSection(config as Readonly<Record<string, unknown>> & Fields, {
      always: ['send_resolved', ...always],
      secrets,
      replaced: {http_config: http.document, ...replaced},
    }),
    open: (world) => open(http.config, world),
  };
}
