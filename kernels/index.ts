// Everything that TypeScript can call. Each kernel has a plain TypeScript twin in src/kernels that its test compares it with; that of
// crc32 and inflate is zlib.
export {crc32} from './crc32';
export {crc32c, crc32cs} from './crc32c';
export {inflate} from './inflate';
export {encodeSamples} from './walsamples';
export {areSamples, replaySamples} from './replay';
export {scanEntries} from './headchunks';
export {areSeries, restoreChunkOf, restoreFiled, restorePostings, restoreSeries} from './restore';
export {fillPlaces, nextClosed, restoreSnapshot, restoreWaiting, updateKnown} from './snapshot';
export {readRecords} from './walrecords';
export {gatherChunk, xorDecode, xorDecodeAll, xorEncode, xorResume} from './xor';
export {appendBatch, checkBatch, warmBatch} from './append';
export {addBoundedRow, addRow, extremeSteps, lastSamples, nextFall, rateSteps, regressSteps, scanColumns, sumSteps} from './columns';
export {parseNumber} from './number';
export {quantileSteps} from './quantile';
export {addEntry, copyKey, copyTable, findEntry, hashEntries, keyBytes} from './linetable';
export {countNewlines, fillBatch, fillStale, follow, markCounted, markTracked, nextPending, refuse, scanLines, stageSample, unmarkTracked} from './scrape';
export {copyBytes, snappyCompress, snappyExpand} from './snappy';
export {packSamples, unpackSamples} from './packed';
export {writeBeginnings, writePoints} from './points';
export {countSteps, varianceSteps} from './windows';
