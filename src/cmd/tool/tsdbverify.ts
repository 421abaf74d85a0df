import {nodeFileSystem} from '../../sys/fs.ts';
import {Block} from '../../tsdb/block/block.ts';
import {PageCache} from '../../tsdb/block/blockfile.ts';
import {blockNames} from '../../tsdb/block/blockset.ts';
import {verifyBlock} from '../../tsdb/block/verify.ts';
import {makeScratch} from './readonlydb.ts';
import type {Output} from './output.ts';

/** Complaints of one block that are printed. */
const problemsMax = 20;

/** `tsdb verify`: reads every byte of every block and says what is wrong. False where something is. */
export function verifyBlocks(dir: string, output: Output): boolean {
  const scratch = makeScratch();
  let sound = true;
  for (const ulid of blockNames(nodeFileSystem, dir)) {
    const problems: string[] = [];
    let count = 0;
    const complain = (problem: string): void => {
      if (count++ < problemsMax) problems.push(problem);
    };
    let summary = '';
    try {
      const block = new Block({fs: nodeFileSystem, dir: `${dir}/${ulid}`, cache: new PageCache()});
      try {
        const {series, chunks, samples} = verifyBlock(block, scratch, complain);
        summary = `${series} series, ${chunks} chunks, ${samples} samples`;
      } finally {
        block.close();
      }
    } catch (error) {
      complain((error as Error).message);
    }
    output.write(count === 0 ? `${ulid}: OK, ${summary}\n` : `${ulid}: ${count} problems\n`);
    for (const problem of problems) output.write(`  ${problem}\n`);
    if (count > problems.length) output.write(`  and ${count - problems.length} more\n`);
    sound &&= count === 0;
  }
  return sound;
}
