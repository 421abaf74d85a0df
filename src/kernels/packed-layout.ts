// Chunks as caches keep them: whole numbers, and decimals of up to four digits, are kept as what they are more than the least of them,
// in 16 or 32 bits, so that a kernel has them back as doubles in a fraction of the time that their XOR chunk takes. In bytes:
//
//      0  f64  time of the first sample
//      8  f64  distance of all samples; 0 = times follow the values
//     16  u32  samples
//     20  u16  how values are kept: packedKind
//     22  u16  what holds of the values: 1 = some value is NaN, 2 = some value is less than the one before it
//     24  f64  base: the least value times the divisor; of equal values, their bits
//     32  f64  divisor: 1, 10, 100, 1,000 or 10,000
//     40       values: nothing, u16, u32 or f64 each, up to a multiple of 8
//              times, where their distances differ: u32 each, milliseconds after the first

export const packedTime = 0;
export const packedInterval = 8;
export const packedCount = 16;
export const packedValueKind = 20;
export const packedFlags = 22;
export const packedBase = 24;
export const packedDivisor = 32;
export const packedHeader = 40;

/** How values are kept. */
export const packedEqual = 0;
export const packedShort = 1;
export const packedWord = 2;
export const packedDouble = 3;

/** Flags. */
export const packedNaN = 1;
export const packedFalls = 2;
