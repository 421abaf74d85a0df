// Writes to the log of a data directory at full speed until it is killed, and says on its standard output how far it is: after
// each batch was flushed, its number in four bytes. Batch b holds a sample at time b for each series; the series are made
// on the way. Arguments: directory, number of series, size of a segment.
import {writeSync} from 'node:fs';
import {SizeClassArena} from '../../src/kernels/arena.ts';
import {loadKernels} from '../../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../src/kernels/memory.ts';
import {systemClock} from '../../src/sys/clock.ts';
import {nodeFileSystem} from '../../src/sys/fs.ts';
import {noLogger} from '../../src/sys/log.ts';
import {replay} from '../../src/tsdb/wal/replay.ts';
import {Wal} from '../../src/tsdb/wal/wal.ts';

const [dir = '', seriesText = '', segmentText = ''] = process.argv.slice(2);
const seriesCount = Number(seriesText);

const memory = LinearMemory.reserve(2 ** 26);
const kernels = loadKernels(memory);
const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
const linear = {memory, kernels, arena};
const world = {fs: nodeFileSystem, log: noLogger, clock: systemClock, linear};

let made = 0;
let batch = 0;
const {nextSegment} = await replay({
  ...world,
  dir: `${dir}/wal`,
  corruptDir: `${dir}/wal.corrupt`,
  sink: {
    series: (ref) => (made = Math.max(made, ref)),
    samples: (_refs, times, _values, count) => (batch = Math.max(batch, times[count - 1]! + 1)),
    metadata() {},
    histograms() {},
    exemplar() {},
    tombstone() {},
  },
});
const wal = new Wal({
  ...world,
  dir: `${dir}/wal`,
  segment: nextSegment,
  segmentBytes: Number(segmentText),
  syncDelayMs: 50,
});
const refs = arena.alloc(8 * seriesCount);
const times = arena.alloc(8 * seriesCount);
const values = arena.alloc(8 * seriesCount);
const report = new Uint8Array(4);

function writeBatch(): void {
  const live = Math.min(seriesCount, 1 + Math.floor(batch / 3));
  for (; made < live; made++) wal.series(made + 1, ['__name__', 'killed', 'series', String(made + 1)]);
  for (let i = 0; i < live; i++) {
    memory.f64[refs / 8 + i] = i + 1;
    memory.f64[times / 8 + i] = batch;
    memory.f64[values / 8 + i] = batch * 1000 + i;
  }
  wal.samples(refs, times, values, live);
  wal.flush();
  new DataView(report.buffer).setUint32(0, batch++);
  writeSync(1, report);
}

// Now and then other things get their turn: timers, and the ends of syncs.
for (;;) {
  for (let i = 0; i < 50; i++) writeBatch();
  await new Promise((resolve) => setImmediate(resolve));
}
