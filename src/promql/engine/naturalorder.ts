/**
 * Order in which numbers inside of texts count as numbers: node2 before node10. Texts are cut into runs of digits and of
 * other characters; runs are compared as numbers where both are, else as texts.
 */
export function compareNatural(left: string, right: string): number {
  const leftRuns = runsOf(left);
  const rightRuns = runsOf(right);
  const length = Math.min(leftRuns.length, rightRuns.length);
  for (let i = 0; i < length; i++) {
    const a = leftRuns[i]!;
    const b = rightRuns[i]!;
    if (a === b) continue;
    const aDigits = isDigits(a);
    const bDigits = isDigits(b);
    if (aDigits && bDigits) {
      const order = compareDigits(a, b);
      if (order !== 0) return order;
    }
    return a < b ? -1 : 1;
  }
  return leftRuns.length - rightRuns.length;
}

function runsOf(text: string): string[] {
  return text.match(/\d+|\D+/g) ?? [];
}

function isDigits(run: string): boolean {
  const unit = run.charCodeAt(0);
  return unit >= 48 && unit <= 57;
}

function compareDigits(left: string, right: string): number {
  const a = left.replace(/^0+/, '');
  const b = right.replace(/^0+/, '');
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
