// The short form of `npm run torture -- process`. NARTHEX_KILLS and NARTHEX_SEED set the number of kills and what happens.
import assert from 'node:assert/strict';
import test from 'node:test';
import {ProcessTorture} from '../lib/processtorture.ts';

const kills = Number(process.env['NARTHEX_KILLS'] ?? 8);
const seed = Number(process.env['NARTHEX_SEED'] ?? Date.now() % 1_000_000);

test(`a server that is killed ${kills} times under load loses nothing that it acknowledged (seed ${seed})`, async () => {
  const figures = await new ProcessTorture({kills, seed, killsPerFlip: 4, lifeMsMax: 1500}).run();
  process.stdout.write(`# ${JSON.stringify(figures)}\n`);
  assert.equal(figures.lost, 0);
  assert.ok(figures.acknowledged > 0 && figures.scraped > 0 && figures.late > 0);
});
