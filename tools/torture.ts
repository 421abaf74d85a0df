// Tortures the database. `npm run torture -- [seeds] [first seed] [steps]`: on a simulated disk that fails, loses power and flips bits; the
// short form is src/tsdb/torture.test.ts. `npm run torture -- process [kills] [seed]`: a real server, killed under load; the short form is
// test/e2e/torture.test.ts. Both print what was done and what was lost, which must be nothing.
import {ProcessTorture} from '../test/lib/processtorture.ts';
import {noFigures, Torture, TortureWorld} from '../src/tsdb/testing/torture.ts';

const [first = '500', ...rest] = process.argv.slice(2);
if (first === 'process') await tortureProcess(rest);
else await tortureSimulated(first, rest);

async function tortureSimulated(seedsText: string, [firstText, stepsText = '120']: string[]): Promise<void> {
  const firstSeed = Number(firstText ?? Date.now() % 1_000_000);
  const world = new TortureWorld();
  const figures = noFigures();
  const started = performance.now();
  let failed = 0;
  for (let seed = firstSeed; seed < firstSeed + Number(seedsText); seed++) {
    try {
      await new Torture(seed, world, figures).run(Number(stepsText));
    } catch (error) {
      failed++;
      console.log(`seed ${seed}:`, error);
    }
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log({seeds: Number(seedsText), first: firstSeed, failed, seconds, ...figures});
  process.exitCode = failed === 0 ? 0 : 1;
}

async function tortureProcess([killsText = '200', seedText]: string[]): Promise<void> {
  const kills = Number(killsText);
  const seed = Number(seedText ?? Date.now() % 1_000_000);
  // What was done so far is told on the way, too.
  process.once('SIGTERM', () => {
    console.log({seed, ...torture.figures});
    process.exit(1);
  });
  const torture = new ProcessTorture({kills, seed, killsPerFlip: 10, lifeMsMax: 1500});
  const started = performance.now();
  try {
    await torture.run();
  } catch (error) {
    console.log(error);
    process.exitCode = 1;
  }
  console.log({seed, seconds: Math.round((performance.now() - started) / 1000), ...torture.figures});
}
