import {compareStrings, type Labels} from '../model/labels.ts';

/** Of lists of names so many are known. A cluster has few; where each object has its own, no more are kept than that. */
const shapesMax = 1024;
/** By the names in the order in which they were told. */
const shapes = new Map<string, Shape>();

interface Shape {
  /** In their order. */
  names: readonly string[];
  /** Where the value of each is among those that were told. */
  places: readonly number[];
}

/**
 * Labels in little memory: a text of all values, and the list of names, which is the same one for all targets that have these names.
 * Of the thousands of targets of a cluster nobody looks at most once they are found.
 */
export class PackedLabels {
  readonly names: readonly string[];
  /** The values as JSON. */
  readonly values: string;

  /** Names in any order, with their values, none of which is empty. Of those with the same name the last one counts. */
  constructor(names: readonly string[], values: readonly string[]) {
    const shape = shapeOf(names);
    this.names = shape.names;
    this.values = JSON.stringify(shape.places.map((place) => values[place]));
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

function shapeOf(told: readonly string[]): Shape {
  const key = told.join('\0');
  let shape = shapes.get(key);
  if (shape === undefined) {
    if (shapes.size >= shapesMax) shapes.clear();
    shape = makeShape(told);
    shapes.set(key, shape);
  }
  return shape;
}

function makeShape(told: readonly string[]): Shape {
  const places = told
    .map((_, place) => place)
    .filter((place) => told.lastIndexOf(told[place]!) === place)
    .sort((left, right) => compareStrings(told[left]!, told[right]!));
  return {names: places.map((place) => told[place]!), places};
}
