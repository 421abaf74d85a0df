// /-/healthy, /-/ready, /-/reload and /-/quit.

import {emptyReply, textError, textReply, type HttpReply} from '../http/reply.ts';
import type {HttpServer} from '../http/server.ts';
import {describeError} from '../sys/log.ts';
import type {AdminBackend, ReplayPhase} from './backend.ts';

const phases: Record<ReplayPhase, string> = {
  chunks: 'files of full chunks: file',
  snapshot: 'the snapshot of the memory: segment',
  log: 'the write-ahead log: segment',
};

/** The answer of a server that is not ready; null when it is. */
export function refuseUnlessReady(admin: AdminBackend, more = ''): HttpReply | null {
  const state = admin.state();
  if (state === 'ready') return null;
  return textReply(503, `Service Unavailable${more}`, {
    'X-Prometheus-Stopping': String(state === 'stopping'),
  });
}

export function addLifecycleRoutes(server: HttpServer, admin: AdminBackend, enabled: boolean): void {
  // The name is what scripts look for.
  server.route(['GET'], '/-/healthy', () => textReply(200, 'Prometheus Server is Healthy.\n'));
  server.route(['HEAD'], '/-/healthy', () => emptyReply(200));
  server.route(
    ['GET'],
    '/-/ready',
    () =>
      refuseUnlessReady(admin, describeProgress(admin)) ?? textReply(200, 'Prometheus Server is Ready.\n'),
  );
  server.route(['HEAD'], '/-/ready', () => refuseUnlessReady(admin) ?? emptyReply(200));

  const wrongMethod = (): HttpReply => textReply(405, 'Only POST or PUT requests allowed');
  const forbidden = (): HttpReply => textReply(403, 'Lifecycle API is not enabled.');
  const quit = quitOnce(admin);
  server.route(['POST', 'PUT'], '/-/reload', enabled ? () => reload(admin) : forbidden);
  server.route(['GET'], '/-/reload', wrongMethod);
  server.route(['POST', 'PUT'], '/-/quit', enabled ? quit : forbidden);
  server.route(['GET'], '/-/quit', wrongMethod);
}

/** For people who wait; programs look at the status. */
function describeProgress(admin: AdminBackend): string {
  const {phase, current, max} = admin.replayProgress();
  if (admin.state() !== 'starting' || phase === null) return '';
  return `\nReading ${phases[phase]} ${current} of ${max}.\n`;
}

async function reload(admin: AdminBackend): Promise<HttpReply> {
  try {
    await admin.reload();
    return emptyReply(200);
  } catch (cause) {
    return textError(500, `failed to reload config: ${describeError(cause)}`);
  }
}

function quitOnce(admin: AdminBackend): () => HttpReply {
  let asked = false;
  return () => {
    if (asked) return textReply(200, 'Termination already in progress.');
    asked = true;
    admin.quit();
    return textReply(200, 'Requesting termination... Goodbye!');
  };
}
