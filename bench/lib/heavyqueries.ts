/** Range queries over everything that the fleet exposes: each takes a system seconds. */
const expressions = [
  'sum by (instance) (rate({job="fleet",__name__=~"fleet_events_.*"}[1m]))',
  'quantile by (instance) (0.9, {job="fleet",__name__=~"fleet_level_.*"})',
  'topk(10, {job="fleet",__name__=~"fleet_level_.*"})',
  'count by (__name__) ({job="fleet"})',
];

/** Keeps so many heavy queries going at the same time until stop(). */
export class HeavyQueries {
  readonly #loops: Promise<void>[];
  #stopping = false;
  #answered = 0;

  constructor(baseUrl: string, count: number) {
    this.#loops = Array.from({length: count}, (_, index) => this.#loop(baseUrl, index));
  }

  /** Lets the running queries end; gives how many were answered. */
  async stop(): Promise<number> {
    this.#stopping = true;
    await Promise.all(this.#loops);
    return this.#answered;
  }

  async #loop(baseUrl: string, index: number): Promise<void> {
    for (let round = 0; !this.#stopping; round++) {
      const end = Date.now() / 1000;
      const query = expressions[(index + round) % expressions.length]!;
      const parameters = new URLSearchParams({query, start: String(end - 60), end: String(end), step: '1'});
      const response = await fetch(`${baseUrl}/api/v1/query_range?${parameters.toString()}`);
      await response.arrayBuffer();
      if (response.status === 200) this.#answered++;
    }
  }
}
