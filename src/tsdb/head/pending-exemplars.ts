import type {Labels} from '../../model/labels.ts';
import type {Exemplar, ExemplarStatus} from '../../storage/exemplar.ts';
import type {ExemplarStorage} from '../exemplars.ts';
import type {HeadLog} from '../log.ts';

interface Pending {
  ref: number;
  labels: Labels;
  exemplar: Exemplar;
}

/** More than that between two commits are refused. */
const pendingMax = 65_536;

/** Exemplars of the batch that is put together: logged behind its samples, stored when the log has them. */
export class PendingExemplars {
  readonly #storage: ExemplarStorage;
  #pending: Pending[] = [];

  constructor(storage: ExemplarStorage) {
    this.#storage = storage;
  }

  /** Notes an exemplar of the series with `ref`. What is not taken is not logged either. */
  add(ref: number, labels: Labels, exemplar: Exemplar): ExemplarStatus {
    const status = this.#storage.check(labels, exemplar);
    if (status !== 'accepted') {
      if (status === 'outOfOrder') this.#storage.outOfOrder++;
      return status;
    }
    if (this.#pending.length === pendingMax) return 'disabled';
    this.#pending.push({ref, labels, exemplar});
    return status;
  }

  log(log: HeadLog): void {
    for (const {ref, exemplar} of this.#pending) {
      log.exemplar(ref, exemplar.timeMs, exemplar.value, exemplar.labels);
    }
  }

  store(): void {
    if (this.#pending.length === 0) return;
    for (const {labels, exemplar} of this.#pending) this.#storage.add(labels, exemplar);
    this.#pending = [];
  }

  /** The batch was refused. */
  drop(): void {
    if (this.#pending.length > 0) this.#pending = [];
  }
}
