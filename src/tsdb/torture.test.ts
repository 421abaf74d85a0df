// The short form of `npm run torture`. NARTHEX_SEED sets the first seed.
import test from 'node:test';
import {noFigures, Torture, TortureWorld} from './testing/torture.ts';

const seed = Number(process.env['NARTHEX_SEED'] ?? Date.now() % 1_000_000);

test(`a database stands kills, losses of power, failing disks and flipped bits (seed ${seed})`, async () => {
  const world = new TortureWorld();
  const figures = noFigures();
  for (let i = 0; i < 6; i++) await new Torture(seed + i, world, figures).run(120);
});
