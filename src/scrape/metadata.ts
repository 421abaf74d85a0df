import type {CommentTexts} from './comments.ts';
import type {Ingest} from './ingest.ts';
import type {MetricMetadata} from './status.ts';

/** What a metric's HELP, TYPE and UNIT said is kept for so many scrapes after they vanished. */
const keptScrapes = 10;

/** Puts the comments of targets together. Equal metadata of several targets is one object. */
export class MetadataReader {
  readonly #comments: CommentTexts;
  readonly #shared = new Map<string, MetricMetadata>();

  constructor(comments: CommentTexts) {
    this.#comments = comments;
  }

  read(ingest: Ingest): MetricMetadata[] {
    const ids = new Set<number>();
    ingest.table.commentIds(Math.max(1, ingest.scrape - keptScrapes), ids);
    const families = new Map<string, {type: number; help: number; unit: number}>();
    for (const id of ids) {
      const {metric, kind} = this.#comments.get(id);
      let family = families.get(metric);
      if (family === undefined) {
        family = {type: -1, help: -1, unit: -1};
        families.set(metric, family);
      }
      family[kind] = id;
    }
    const metadata: MetricMetadata[] = [];
    for (const [metric, {type, help, unit}] of families) {
      const name = `${type},${help},${unit}`;
      let shared = this.#shared.get(name);
      if (shared === undefined) {
        shared = {
          metric,
          type: type < 0 ? 'unknown' : this.#comments.get(type).text,
          help: help < 0 ? '' : this.#comments.get(help).text,
          unit: unit < 0 ? '' : this.#comments.get(unit).text,
        };
        this.#shared.set(name, shared);
      }
      metadata.push(shared);
    }
    return metadata;
  }
}
