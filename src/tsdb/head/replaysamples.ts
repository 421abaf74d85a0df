import {SamplesDecoder, type SamplesTable} from '../wal/samplesdecoder.ts';
import type {Head} from './head.ts';
import type {ReplayRefs} from './replayrefs.ts';

/** Appends what records of samples have, from the linear memory: the kernel picks what is not known yet, the appender takes it. */
export class ReplaySamples {
  readonly #head: Head;
  readonly #refs: ReplayRefs;
  readonly #decoder: SamplesDecoder;
  readonly #capacity: number;

  constructor(head: Head, refs: ReplayRefs) {
    this.#head = head;
    this.#refs = refs;
    this.#decoder = new SamplesDecoder(head);
    const {slotsAddress, timesAddress, valuesAddress, statusesAddress, capacity} = head.appender().batch;
    const columns = {slots: slotsAddress, times: timesAddress, values: valuesAddress};
    this.#decoder.useColumns({...columns, statuses: statusesAddress}, capacity);
    this.#capacity = capacity;
  }

  free(): void {
    this.#decoder.free();
  }

  /** Samples of series that are not known, so far. */
  get unknown(): number {
    return this.#decoder.unknown;
  }

  /** What refs stand for now. */
  get table(): SamplesTable {
    const {refsAddress, knownAddress, slotsAddress, places} = this.#refs;
    const {truncatedBefore} = this.#head;
    return {
      refs: refsAddress,
      known: knownAddress,
      slots: slotsAddress,
      places,
      minTime: truncatedBefore,
    };
  }

  /** Gives the number of samples in a record of type 2, or -1 where it is not sound: then nothing of it was used. */
  record(address: number, length: number): number {
    const end = address + length;
    if (length === 1) return 0;
    const decoder = this.#decoder;
    let at = decoder.begin(address, length);
    if (at === 0) return -1;
    decoder.useTable(this.table);
    if (SamplesDecoder.samplesMax(length) > this.#capacity && !decoder.areSamples(at, end)) return -1;
    const before = decoder.total;
    do {
      at = decoder.read(at, end);
      if (at === 0) return -1;
      if (decoder.written > 0) this.#head.appender().replayPending(decoder.written);
    } while (at < end);
    this.#head.reserveRef(decoder.unknownRef);
    return (decoder.total - before) >>> 0;
  }
}
