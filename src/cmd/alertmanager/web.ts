// The web server of an Alertmanager that has addresses of its own.
import {type Family, FamilyList} from '../../api/families.ts';
import {addHttpHistograms} from '../../api/http-families.ts';
import {addProcessFamilies} from '../../api/process-families.ts';
import {replyWith} from '../../api/self-metrics.ts';
import {htmlReply, textError, type HttpReply} from '../../http/reply.ts';
import {HttpServer} from '../../http/server.ts';
import type {ListenAddress} from '../../http/weburl.ts';
import type {Logger} from '../../sys/log.ts';
import {buildInfo} from '../../sys/version.ts';
import type {AlertmanagerService} from './service.ts';

const connectionsMax = 512;
const readTimeoutMs = 300_000;

export interface AlertmanagerServerOptions {
  readonly listenAddresses: readonly ListenAddress[];
  readonly systemdSocket?: boolean;
  readonly webConfigFile: string;
  /** '' or '/prefix'. */
  readonly routePrefix: string;
  /** For a request; 0 = as long as it takes. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

export function createAlertmanagerServer(
  service: AlertmanagerService,
  options: AlertmanagerServerOptions,
): HttpServer {
  const server = new HttpServer({
    ...options,
    connectionsMax,
    readTimeoutMs: options.timeoutMs === 0 ? readTimeoutMs : options.timeoutMs,
    errorReply: textError,
  });
  addServiceRoutes(server, '', service);
  server.route(['GET'], '/', () => htmlReply(200, rootPage));
  return server;
}

/** The API and the metrics of this Alertmanager below `base`. */
export function addServiceRoutes(server: HttpServer, base: string, service: AlertmanagerService): void {
  service.addRoutes(server, base);
  server.route(['GET'], `${base}/metrics`, (): Promise<HttpReply> => replyWith(familiesOf(service, server)));
}

const rootPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Narthex: alertmanager</title>
<body style="font: 16px/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>Alertmanager</h1>
<p>The API answers at <a href="api/v2/status">api/v2</a>, metrics are at <a href="metrics">metrics</a>.
Pages for alerts and silences are part of <code>narthex server</code>, which has an Alertmanager within.</p>
`;

function familiesOf(service: AlertmanagerService, server: HttpServer): Family[] {
  const list = new FamilyList();
  const {version, revision, branch, goVersion} = buildInfo();
  list.gauge('alertmanager_build_info', 'Always 1; what runs is in the labels.', 1, {
    branch,
    goarch: process.arch === 'x64' ? 'amd64' : process.arch,
    goos: process.platform,
    goversion: goVersion,
    revision,
    tags: 'narthex',
    version,
  });
  const handlers = server.statistics();
  addHttpHistograms(list, 'alertmanager', handlers);
  addProcessFamilies(list);
  return [...list.families, ...service.families()].sort((left, right) => (left.name < right.name ? -1 : 1));
}
