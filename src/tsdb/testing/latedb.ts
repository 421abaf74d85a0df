import {loadKernels} from '../../kernels/kernels.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import {systemClock} from '../../sys/clock.ts';
import type {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {noLogger} from '../../sys/log.ts';
import {Db, type DbOptions} from '../db.ts';

export const dir = '/data';
export const minute = 60_000;

/** A database in `dir` that takes samples up to an hour late. No timer of one that was killed goes off. */
export async function openLateDb(fs: SimulatedFileSystem, options: Partial<DbOptions> = {}): Promise<Db> {
  const memory = LinearMemory.reserve(2 ** 26);
  const db = await Db.open({
    dir,
    memory,
    kernels: loadKernels(memory),
    log: noLogger,
    clock: {...systemClock, after: () => () => {}},
    fs,
    lockfile: false,
    walSegmentBytes: 32_768,
    ...options,
  });
  db.setOutOfOrderWindow(60 * minute);
  return db;
}
