// Built by tools/build-kernels.ts from kernels/. Do not edit.
export const kernelsBase64 =
  'AGFzbQEAAAABBwFgAn9/AX8CEgEDZW52Bm1lbW9yeQIDAoCABAMCAQAHFQIIc3VtQnl0ZXMAAAZtZW1vcnkCAAopAScBAn8DQCABIAJLBEAgAyAAIAJqLQAAaiEDIAJBAWohAgwBCwsgAws=';
