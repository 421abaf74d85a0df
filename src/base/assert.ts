/** Stops on a programmer's mistake. Bad input and I/O failures throw their own errors instead. */
export function assert(ok: boolean, invariant: string): asserts ok {
  if (!ok) throw new Error(`BUG: ${invariant}`);
}
