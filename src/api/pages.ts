// The web UI: one page for all its addresses, its files, and the redirects that lead to it.

import {Assets} from '../http/assets.ts';
import {htmlReply, redirect, textError, type HttpReply} from '../http/reply.ts';
import type {HttpCall, HttpServer} from '../http/server.ts';

const homePage = '/query';

/** Addresses that the UI reads itself. Those without a page yet show what the UI has for them. */
const pagePaths = [
  '/query',
  '/targets',
  '/alerts',
  '/rules',
  '/silences',
  '/silence',
  '/routing',
  '/notifications',
  '/backtest',
  '/status',
  '/config',
  '/flags',
  '/tsdb-status',
  '/service-discovery',
  '/alertmanager-discovery',
];

const rootFiles = ['/favicon.ico', '/favicon.svg', '/manifest.json'];

const notBuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Narthex</title>
<body style="font: 16px/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>The web UI is not built</h1>
<p>The server works, and its API answers, for example
<a href="api/v1/query?query=up">api/v1/query?query=up</a>.
To build the UI, run <code>npm run build:web</code> in Narthex's folder and start the server again.</p>
`;

export interface PagesOptions {
  /** Folder of the built UI. */
  webRoot: string;
  /** '' or '/path': what links to the server's pages begin with. */
  externalPath: string;
}

export function addPageRoutes(server: HttpServer, {webRoot, externalPath}: PagesOptions): void {
  const assets = Assets.open(webRoot);
  const page = (call: HttpCall): Promise<HttpReply> => sendPage(assets, call);
  for (const path of pagePaths) server.route(['GET'], path, page);
  for (const path of rootFiles) server.route(['GET'], path, (call) => sendFile(assets, path.slice(1), call));
  server.route(['GET'], '/assets/*', (call) => sendFile(assets, `assets/${call.params['*'] ?? ''}`, call), {
    label: '/assets/*filepath',
  });
  server.route(['GET'], '/', () => redirect(302, `${externalPath}${homePage}`));
  server.route(['GET'], '/graph', ({url}) => {
    const question = url.indexOf('?');
    return redirect(302, `${externalPath}${homePage}${question < 0 ? '' : url.slice(question)}`);
  });
}

async function sendPage(assets: Assets | null, call: HttpCall): Promise<HttpReply> {
  const reply = await assets?.reply('index.html', assetRequest(call));
  if (reply === null || reply === undefined)
    return htmlReply(200, notBuiltPage, {'Cache-Control': 'no-store'});
  return reply;
}

async function sendFile(assets: Assets | null, name: string, call: HttpCall): Promise<HttpReply> {
  return (await assets?.reply(name, assetRequest(call))) ?? textError(404, '404 page not found');
}

function assetRequest(call: HttpCall): {acceptEncoding: string | undefined; ifNoneMatch: string | undefined} {
  return {acceptEncoding: call.header('accept-encoding'), ifNoneMatch: call.header('if-none-match')};
}
