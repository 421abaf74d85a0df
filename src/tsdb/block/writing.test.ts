import assert from 'node:assert/strict';
import test from 'node:test';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {SegmentWriter} from './segmentwriter.ts';
import {makeScratch, openBlock, writeModel} from './testing/blocks.ts';

const scratch = makeScratch();

/** Hexadecimal text without the blanks and comments that make it readable. */
function bytesOf(text: string): string {
  return text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, '');
}

test('a block has these bytes', () => {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory('/data');
  const ulid = writeModel(
    fs,
    '/data',
    [
      {labels: ['__name__', 'b', 'x', '1'], samples: [[1000, 5], [2000, 5]]}, // prettier-ignore
      {labels: ['__name__', 'a'], samples: [[-1, 0]]}, // prettier-ignore
    ],
    scratch,
    {samplesPerChunk: 1},
  );
  const hex = (name: string): string => Buffer.from(fs.contents(`/data/${ulid}/${name}`)).toString('hex');
  assert.equal(
    hex('chunks/000001'),
    bytesOf(`
      85bd40dd 01 000000                # magic, version, padding
      0b 01 0001 01 0000000000000000 2579cc80
      0c 01 0001 d00f 4014000000000000 8df5aa22
      0c 01 0001 a01f 4014000000000000 56c380ba
    `),
  );
  assert.equal(
    hex('index'),
    bytesOf(`
      baaad700 02
      00000015 00000005 0131 085f5f6e616d655f5f 0161 0162 0178 d222fadc    # 1, __name__, a, b, x
      0000000000000000000000000000                                         # to a multiple of 16
      07 01 0102 01 01 00 08 bef292ed                                      # series 3
      00000000                                                             # to a multiple of 16
      0e 02 0103 0400 02 d00f 00 19 e807 00 24 c6f0b104                    # series 4
      00                                                                   # to a multiple of 4
      0000000c 00000002 00000003 00000004 495848d7                         # all series
      00000008 00000001 00000003 a7692ed2                                  # __name__="a"
      00000008 00000001 00000004 73a34a39                                  # __name__="b"
      00000008 00000001 00000004 73a34a39                                  # x="1"
      00000029 00000004
      02 00 00 54
      02 085f5f6e616d655f5f 0161 68
      02 085f5f6e616d655f5f 0162 78
      02 0178 0131 8801
      443058de
      0000000000000005 0000000000000022 0000000000000053
      0000000000000098 0000000000000053 0000000000000098 5d491a83
    `),
  );
});

test('SegmentWriter begins a segment where a chunk does not fit any more', () => {
  function f(segmentBytes: number, series: number[][], expected: string[][]): void {
    const fs = new SimulatedFileSystem();
    fs.makeDirectory('/chunks');
    const writer = new SegmentWriter(fs, '/chunks', segmentBytes);
    const refs = series.map((sizes) => {
      writer.beginSeries();
      return sizes.map((size) => {
        const ref = writer.write(1, new Uint8Array(size));
        return `${Math.floor(ref / 2 ** 32)}:${ref % 2 ** 32}`;
      });
    });
    writer.finish();
    assert.deepEqual(refs, expected);
    assert.equal(fs.openCount, 0);
  }
  f(1000, [[10, 20]], [['0:8', '0:24']]);
  // Lengths count with five bytes, whatever they take.
  f(48, [[10, 10]], [['0:8', '0:24']]);
  f(47, [[10, 10]], [['0:8', '1:8']]);
  f(48, [[10], [10, 10]], [['0:8'], ['0:24', '1:8']]);
  // A chunk that is larger than a segment has one of its own.
  f(20, [[100, 1], [1]], [['0:8', '1:8'], ['2:8']]);
});

test('a written block can be opened', () => {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory('/data');
  const ulid = writeModel(fs, '/data', [{labels: ['a', 'b'], samples: [[0, 1]]}], scratch);
  const block = openBlock(fs, `/data/${ulid}`);
  assert.deepEqual([...block.index.symbols.texts()], ['a', 'b']);
  assert.equal(block.index.symbols.find('b'), 1);
  assert.equal(block.index.symbols.find('c'), -1);
  block.close();
});
