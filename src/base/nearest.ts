/** The name that differs least from `wanted`, where it differs little enough to be what was meant. */
export function nearestName(wanted: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.floor(wanted.length / 4) + 2;
  for (const name of names) {
    const distance = editDistance(wanted, name);
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  if (best !== null) return best;
  // `retention.time`: the end of exactly one name.
  const ending = names.filter((name) => name.endsWith(`.${wanted}`));
  return ending.length === 1 ? ending[0]! : null;
}

const lengthMax = 200;

/** Letters to insert, leave out or change to make one text of the other (Levenshtein). */
export function editDistance(left: string, right: string): number {
  if (left.length > lengthMax || right.length > lengthMax) return Infinity;
  let before = Array.from({length: right.length + 1}, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = left[i - 1] === right[j - 1] ? 0 : 1;
      row.push(Math.min(before[j - 1]! + change, before[j]! + 1, row[j - 1]! + 1));
    }
    before = row;
  }
  return before[right.length]!;
}
