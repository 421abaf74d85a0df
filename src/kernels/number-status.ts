// What a number parser found. Shared by TypeScript and AssemblyScript.

/** The bits are the number's. */
export const numberOk = 0;
/** No number starts here. */
export const numberInvalid = 1;
/** A decimal number, but the quick methods cannot round it: use Number() on the same characters. */
export const numberUndecided = 2;
