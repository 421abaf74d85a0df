// Bundles the server's sources, src/ into dist/server: with a few files instead of a thousand it starts in half the time and
// needs less memory. bin/narthex runs the bundle where it is newer than the sources, else the sources themselves.
// `--if-stale` builds only where a source is newer. Part of npm's `prepare` script, so it also runs where the development
// dependencies are missing: then it says so and is done.
import {existsSync, globSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs';
import {SourceMap, type SourceMapPayload} from 'node:module';
import {basename, join} from 'node:path';
import {kernelsBase64} from '../src/kernels/kernels.wasm.ts';
import {type LogSites, logSitesFile} from '../src/sys/log-sites.ts';

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
    input: {
      ...Object.fromEntries(entries.map((file) => [basename(file, '.ts'), join(root, file)])),
      re2: 're2js',
    },
    platform: 'node',
    plugins: [
      {name: 'threads', transform: threadAddresses},
      {name: 'kernels', transform: kernelsFromFile},
      {name: 're2', transform: re2WhenAsked},
      {name: 'undici', resolveId: (id) => (id === 'undici' ? undiciPart : null), load: loadUndici},
      {name: 'unused', resolveId: (id) => (unused.has(id) ? nothing : null), load: loadNothing},
      {name: 'builtins', renderChunk: requireBuiltins},
    ],
  });
  const {output} = await bundle.write({
    dir: target,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // Names of functions and classes stay, for stack traces and for errors' names.
    minify: {
      compress: true,
      mangle: {keepNames: true},
      codegen: {removeWhitespace: true},
    },
    sourcemap: 'hidden',
  });
  const sites: LogSites = {};
  for (const part of output) {
    if (part.type === 'chunk' && part.map !== null) {
      const found = logSitesOf(part.code, part.map.toString());
      if (Object.keys(found).length > 0) sites[part.fileName] = found;
      writeFileSync(join(target, part.fileName), escapeWide(part.code));
    } else if (part.fileName.endsWith('.map')) {
      rmSync(join(target, part.fileName)); // In use they would take more memory than the program.
    }
  }
  writeFileSync(join(target, logSitesFile), JSON.stringify(sites));
  writeFileSync(join(target, kernelsFile), Buffer.from(kernelsBase64, 'base64'));
  // A source that was changed meanwhile makes it stale.
  utimesSync(join(target, 'main.js'), began, began);
}

/** The calls of loggers' methods, whose places in the sources the log names. */
function logSitesOf(code: string, map: string): LogSites[string] {
  const sources = new SourceMap(JSON.parse(map) as SourceMapPayload);
  const sites: LogSites[string] = {};
  code.split('\n').forEach((text, line) => {
    for (const {index} of text.matchAll(/\.(?:debug|info|warn|error)\(/g)) {
      const entry = sources.findEntry(line, index + 1);
      if (!('originalSource' in entry) || !/(?<!node_modules\/.*)src\/.*\.ts$/.test(entry.originalSource))
        continue;
      sites[`${line + 1}:${escapeWide(text.slice(0, index)).length + 2}`] =
        `${basename(entry.originalSource)}:${entry.originalLine + 1}`;
    }
  });
  return sites;
}

/** Threads are started by the addresses of their files, which have other names in the bundle. Nothing else moves: no source map. */
function threadAddresses(code: string): {code: string; map: null} | null {
  const pattern = /new URL\('\.\/([\w-]+-thread)\.ts', import\.meta\.url\)/g;
  const changed = code.replace(pattern, "new URL('./$1.js', import.meta.url)");
  return changed === code ? null : {code: changed, map: null};
}

/** The engine is a part of its own, which src/base/re2.ts loads when it is asked for: it takes half a megabyte in each thread. */
function re2WhenAsked(_code: string, id: string): {code: string; map: null} | null {
  if (!id.endsWith('/src/base/re2.ts')) return null;
  const lines = [
    "import {createRequire} from 'node:module';",
    'const load = createRequire(import.meta.url);',
    "export function re2() { return load('./re2.js'); }",
  ];
  return {code: lines.join('\n'), map: null};
}

const kernelsFile = 'kernels.wasm';

/** As a text in the sources the kernels lie twice in the heap of each thread, 180 KB; so the bundle has them in a file beside it. */
function kernelsFromFile(code: string): {code: string; map: null} | null {
  const read = `process.getBuiltinModule('node:fs').readFileSync(new URL('./${kernelsFile}', import.meta.url))`;
  const changed = code.replace("Buffer.from(kernelsBase64, 'base64')", read);
  return changed === code ? null : {code: changed, map: null};
}

/**
 * An import of one of Node's own modules reads all that the module exports, what is loaded when it is first read among it: fetch and
 * web sockets with node:http, Web Crypto with node:crypto; 2 MB in each thread. So the bundle takes what it needs and leaves the rest.
 */
export function requireBuiltins(code: string): {code: string; map: null} {
  const pattern =
    /^import\s*(?:([\w$]+)|\*\s*as\s+([\w$]+))?\s*,?\s*(?:\{([^}]*)\})?\s*from\s*(["']node:[\w/]+["']);?$/gm;
  const changed = code.replace(
    pattern,
    (_, whole?: string, namespace?: string, names?: string, module?: string) => {
      const targets = [
        whole ?? namespace ?? '',
        names === undefined ? '' : `{${names.replaceAll(' as ', ': ')}}`,
      ];
      const taken = targets
        .filter((each) => each !== '')
        .map((each) => `${each} = process.getBuiltinModule(${module})`);
      return `const ${taken.join(', ')};`;
    },
  );
  const stays = /^import\b[^;]*["']node:[^;]*/m.exec(changed);
  if (stays !== null) throw new Error(`an import of one of Node's modules stays: ${stays[0]}`);
  return {code: changed, map: null};
}

/**
 * V8 keeps a source of which one character is beyond Latin-1 in two bytes for each of all. They stand in texts and patterns
 * only.
 */
function escapeWide(code: string): string {
  return code.replace(/[^\0-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
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

/**
 * What fastify would load for a logger of its own, for schemas of routes and for tests: 600 KB of sources, which
 * src/http/server.ts does not use.
 */
const unused: ReadonlySet<string> = new Set([
  'pino',
  '@fastify/ajv-compiler',
  '@fastify/fast-json-stringify-compiler',
  'light-my-request',
]);
const nothing = '\0nothing';

function loadNothing(id: string): string | null {
  return id === nothing ? 'export default null;' : null;
}

if (import.meta.main && !(process.argv.includes('--if-stale') && !isStale())) await buildServer();
