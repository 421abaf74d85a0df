import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {Head} from '../tsdb/head/head.ts';
import {Wal} from '../tsdb/wal/wal.ts';
import {replay} from '../tsdb/wal/replay.ts';
import {nodeFileSystem} from '../sys/fs.ts';
import {systemClock} from '../sys/clock.ts';
export class Db {
  head!: Head;
  wal!: Wal;
  static async open(o: any): Promise<Db> {
    const db = new Db();
    db.head = new Head(o);
    delete (o as any).log0;
    const dir = join(o.dir, 'wal');
    mkdirSync(dir, {recursive: true});
    const sink = db.head.replay();
    const linear = {memory: o.memory, kernels: o.kernels, arena: o.arena};
    const r = await replay({
      fs: nodeFileSystem,
      dir,
      corruptDir: join(o.dir, 'wal.corrupt'),
      sink,
      log: o.log,
      clock: systemClock,
      linear,
      onProgress: o.onProgress,
    });
    sink.finish();
    db.wal = new Wal({
      fs: nodeFileSystem,
      dir,
      segment: r.nextSegment,
      log: o.log,
      clock: systemClock,
      linear,
    });
    db.head.log = db.wal;
    return db;
  }
  appender() {
    return this.head.appender();
  }
  async close() {
    await this.wal.close();
  }
}
