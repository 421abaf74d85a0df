import type {Labels} from '../model/labels.ts';

/** Of lists of names so many are known. A cluster has few; where each object has its own, no more are kept than that. */
const shapesMax = 1024;
const shapes = new Map<string, readonly string[]>();

/**
 * Labels in little memory: a text of all values, and the list of names, which is the same one for all targets that have these names.
 * Of the thousands of targets of a cluster nobody looks at most once they are found.
 */
export class PackedLabels {
  readonly names: readonly string[];
  /** The values as JSON. */
  readonly values: string;

  constructor(labels: Labels) {
    const names: string[] = [];
    const values: string[] = [];
    for (let i = 0; i < labels.length; i += 2) {
      names.push(labels[i]!);
      values.push(labels[i + 1]!);
    }
    this.names = shapeOf(names);
    this.values = JSON.stringify(values);
  }

  labels(): Labels {
    const {names} = this;
    const values = JSON.parse(this.values) as string[];
    const labels: string[] = [];
    for (let i = 0; i < names.length; i++) labels.push(names[i]!, values[i]!);
    return labels;
  }

  equals({names, values}: PackedLabels): boolean {
    if (this.values !== values) return false;
    return this.names === names || JSON.stringify(this.names) === JSON.stringify(names);
  }
}

function shapeOf(names: string[]): readonly string[] {
  const key = names.join('\0');
  let shape = shapes.get(key);
  if (shape === undefined) {
    if (shapes.size >= shapesMax) shapes.clear();
    // Without the spare room of a growing array.
    shape = names.slice();
    shapes.set(key, shape);
  }
  return shape;
}
