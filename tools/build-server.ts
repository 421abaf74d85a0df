// Bundles the server's sources, src/ into dist/server: with a few files instead of a thousand it starts in half the time and
// needs less memory. bin/narthex runs the bundle where it is newer than the sources, else the sources themselves.
// `--if-stale` builds only where a source is newer. Part of npm's `prepare` script, so it also runs where the development
// dependencies are missing: then it says so and is done.
import {existsSync, globSync, rmSync, statSync, utimesSync} from 'node:fs';
import {basename, join} from 'node:path';

const root = join(import.meta.dirname, '..');
const built = join(root, 'dist/server/main.js');
const sources = ['src/**/*.ts', 'package-lock.json', 'tools/build-server.ts'];

/** The program, and the threads that it starts. In the bundle all lie in one folder. */
const entries = ['src/cmd/main.ts', ...globSync('src/**/*-thread.ts', {cwd: root})];

/** Whether the bundle is missing or older than one of the files that it is made of. */
export function isStale(): boolean {
  if (!existsSync(built)) return true;
  const builtMs = statSync(built).mtimeMs;
  return globSync(sources, {cwd: root}).some((file) => statSync(join(root, file)).mtimeMs > builtMs);
}

/** Two folders below the root, as the sources are, since it is looked for from there what else belongs to the program. */
export async function buildServer(target = join(root, 'dist/server')): Promise<void> {
  const began = new Date();
  const rolldown = await import('rolldown').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  });
  if (rolldown === undefined) {
    console.log('server: not bundled, because rolldown is not installed (it is a development dependency)');
    return;
  }
  rmSync(target, {recursive: true, force: true});
  const bundle = await rolldown.rolldown({
    input: Object.fromEntries(entries.map((file) => [basename(file, '.ts'), join(root, file)])),
    platform: 'node',
    plugins: [
      {name: 'threads', transform: threadAddresses},
      {name: 'undici', resolveId: (id) => (id === 'undici' ? undiciPart : null), load: loadUndici},
    ],
  });
  await bundle.write({
    dir: target,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // Names stay, for stack traces and for errors' names.
    minify: {compress: true, mangle: false, codegen: {removeWhitespace: true}},
  });
  // A source that was changed meanwhile makes it stale.
  utimesSync(join(target, 'main.js'), began, began);
}

/** Threads are started by the addresses of their files, which have other names in the bundle. */
function threadAddresses(code: string): string | null {
  const pattern = /new URL\('\.\/([\w-]+-thread)\.ts', import\.meta\.url\)/g;
  const changed = code.replace(pattern, "new URL('./$1.js', import.meta.url)");
  return changed === code ? null : changed;
}

const undiciPart = '\0undici';

/**
 * Of undici, what src/ uses: as a whole it brings fetch, caches, web sockets and more, 12 MB of memory in each thread that
 * loads it. A name that is missing here fails the build.
 */
function loadUndici(id: string): string | null {
  if (id !== undiciPart) return null;
  const parts = {
    Agent: 'dispatcher/agent.js',
    Pool: 'dispatcher/pool.js',
    buildConnector: 'core/connect.js',
  };
  const lines = Object.entries(parts).map(
    ([name, file]) => `export {default as ${name}} from 'undici/lib/${file}';`,
  );
  // undici's index does this, too: dispatchers get request(), stream() and their like.
  const api = [
    "import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';",
    "import api from 'undici/lib/api/index.js';",
    'Object.assign(Dispatcher.prototype, api);',
  ];
  return [...lines, ...api].join('\n');
}

if (import.meta.main && !(process.argv.includes('--if-stale') && !isStale())) await buildServer();
