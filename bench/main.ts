// `npm run bench -- NAME [options]`: one benchmark of this folder. Every figure in the README comes from here.
import {existsSync, readdirSync} from 'node:fs';

const [name, ...options] = process.argv.slice(2);
const file = new URL(`./${name}.ts`, import.meta.url);
if (name === undefined || name === 'main' || !/^[a-z-]+$/.test(name) || !existsSync(file)) {
  const names = readdirSync(import.meta.dirname)
    .filter((each) => each.endsWith('.ts') && each !== 'main.ts')
    .map((each) => each.slice(0, -3));
  process.stderr.write(`usage: npm run bench -- NAME [options]\nNAME is one of: ${names.join(', ')}\n`);
  process.exit(2);
}
const {run} = (await import(file.href)) as {run?: (options: string[]) => Promise<void> | void};
// A micro-benchmark may be a plain script that has run by being imported.
await run?.(options);
