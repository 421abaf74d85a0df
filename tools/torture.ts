// Tortures the database: `npm run torture -- [seeds] [first seed] [steps]`. Prints what was done to it and what it lost, which must be
// nothing. The short form is src/tsdb/torture.test.ts.
import {noFigures, Torture, TortureWorld} from '../src/tsdb/testing/torture.ts';

const [seedsText = '500', firstText = String(Date.now() % 1_000_000), stepsText = '120'] =
  process.argv.slice(2);
const first = Number(firstText);
const world = new TortureWorld();
const figures = noFigures();
const started = performance.now();
let failed = 0;
for (let seed = first; seed < first + Number(seedsText); seed++) {
  try {
    await new Torture(seed, world, figures).run(Number(stepsText));
  } catch (error) {
    failed++;
    console.log(`seed ${seed}:`, error);
  }
}
const seconds = Math.round((performance.now() - started) / 1000);
console.log({seeds: Number(seedsText), first, failed, seconds, ...figures});
process.exitCode = failed === 0 ? 0 : 1;
