// Builds the web UI, web/ into web/dist. `--if-stale` builds only where a source is newer than what was built. This is
// the `prepare` script of npm, so it also runs where the development dependencies are missing: then it says so and is done.
import {existsSync, globSync, statSync} from 'node:fs';
import {join} from 'node:path';

const root = join(import.meta.dirname, '..');
const built = join(root, 'web/dist/index.html');
const sources = [
  'web/index.html',
  'web/vite.config.ts',
  'web/src/**/*',
  'web/public/**/*',
  'src/{base,model,promql,template}/**/*.ts',
  'package-lock.json',
  'tools/build-web.ts',
];

/** Whether web/dist is missing or older than one of the files that it is made of. */
export function isStale(): boolean {
  if (!existsSync(built)) return true;
  const builtMs = statSync(built).mtimeMs;
  return globSync(sources, {cwd: root}).some((file) => statSync(join(root, file)).mtimeMs > builtMs);
}

async function main(): Promise<void> {
  if (process.argv.includes('--if-stale') && !isStale()) return;
  const vite = await import('vite').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  });
  if (vite === undefined) {
    console.log('web UI: not built, because vite is not installed (it is a development dependency)');
    return;
  }
  await vite.build({configFile: join(root, 'web/vite.config.ts'), logLevel: 'warn'});
}

if (import.meta.main) await main();
