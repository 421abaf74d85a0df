// Serves web/dist below a path prefix and sends everything else to a server that speaks Prometheus's API, for looking
// at a build without Narthex: `node web/dev.ts [PORT] [BACKEND] [PREFIX]`. `vite web` is for working on the sources.
import {createReadStream, existsSync, statSync} from 'node:fs';
import {createServer, request, type IncomingMessage, type ServerResponse} from 'node:http';
import {extname, join, normalize} from 'node:path';
import {pipeline} from 'node:stream';

const dist = join(import.meta.dirname, 'dist');
const pages = /^\/(?:query|graph|targets|status|flags|config)?$/;
const types: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.md': 'text/markdown',
  '.svg': 'image/svg+xml',
};

/** Listens on loopback; an empty `prefix` serves at the root, otherwise it starts with a slash and ends without one. */
export function serveBuild(port: number, backend: URL, prefix = ''): ReturnType<typeof createServer> {
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith(`${prefix}/`))
      return void outgoing.writeHead(404).end('outside of the prefix');
    const path = normalize(url.pathname.slice(prefix.length));
    if (pages.test(path)) return sendFile(outgoing, join(dist, 'index.html'));
    const file = join(dist, path);
    if (path.startsWith('/assets/') && existsSync(file) && statSync(file).isFile())
      return sendFile(outgoing, file);
    forward(incoming, outgoing, new URL(path + url.search, backend));
  });
  return server.listen(port, '127.0.0.1');
}

function sendFile(outgoing: ServerResponse, file: string): void {
  outgoing.writeHead(200, {'content-type': types[extname(file)] ?? 'application/octet-stream'});
  pipeline(createReadStream(file), outgoing, () => {});
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, target: URL): void {
  const proxied = request(target, {method: incoming.method ?? 'GET', headers: incoming.headers}, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, outgoing, () => {});
  });
  proxied.on('error', (error) => {
    if (!outgoing.headersSent) outgoing.writeHead(502);
    outgoing.end(`cannot reach ${target.href}: ${error.message}`);
  });
  pipeline(incoming, proxied, () => {});
}

if (import.meta.main) {
  const [port = '5174', backend = 'http://127.0.0.1:9090', prefix = ''] = process.argv.slice(2);
  serveBuild(Number(port), new URL(backend), prefix);
  console.log(`web UI on http://127.0.0.1:${port}${prefix}/`);
}
