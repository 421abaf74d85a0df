// Chunks as caches keep them: whole numbers, and decimals of up to four digits, as the steps from one to the next, each in as many
// bits as the largest of them takes more than the least one, so that a kernel has them back as doubles in a fraction of the time that
// their XOR chunk takes. In bytes:
//
//      0  f64  time of the first sample
//      8  u32  distance of all samples in milliseconds; 0 = times follow the values
//     12  u16  samples
//     14  u8   how values are kept: bits of a step, 0 to 32; packedEqual; packedDoubles
//     15  u8   what holds of the values: packedNaN, packedFalls; from bit 4 on: digits behind the point
//     16  f64  the first value times the divisor, 10 ** digits; of equal values, their bits
//     24       values as steps: i32 the least step, then what each is more than that, in bits, the lowest first
//              or values as they are; up to a multiple of 8
//              times, where their distances differ: u32 bits of a step, i32 the least one, and steps in milliseconds

export const packedTime = 0;
export const packedInterval = 8;
export const packedCount = 12;
export const packedKind = 14;
export const packedFlags = 15;
export const packedBase = 16;
export const packedHeader = 24;

/** How values are kept, where that is not as steps. */
export const packedEqual = 254;
export const packedDoubles = 255;

/** Flags, and where digits begin. */
export const packedNaN = 1;
export const packedFalls = 2;
export const packedDigits = 4;
