/** Adds up bytes. Shows that the build, the loader and the shared memory work. */
export function sumBytes(start: usize, length: usize): u32 {
  let sum: u32 = 0;
  for (let i: usize = 0; i < length; i++) sum += load<u8>(start + i);
  return sum;
}
