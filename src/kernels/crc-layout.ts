// What kernels that take several checksums at once share with those who call them, from `lanes` on: where stretches start, how long they are,
// and their checksums, u32 × crcLanes each; and room for copies. It lies on a multiple of 16.

export const crcLanes = 16;
export const crcStarts = 0;
export const crcLengths = 64;
export const crcResults = 128;
export const crcStage = 192;
/** Longer stretches get no lane. */
export const crcLaneBytesMax = 1024;
/** One more word for the caller. */
export const crcWord = crcStage + crcLanes * crcLaneBytesMax + 64;
export const crcLanesBytes = crcWord + 16;
