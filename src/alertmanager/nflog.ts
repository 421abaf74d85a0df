// The notification log: what was told about each group, to whom and when. Its bytes on disk are nflogpb.MeshEntry:
//
//     MeshEntry  entry=1 expires_at=2
//     Entry      group_key=1 receiver=2 (group_hash=3 resolved=4) timestamp=5 firing_alerts=6* resolved_alerts=7* receiver_data=8*
//     Receiver   group_name=1 integration=2 idx=3
import {ProtobufWriter} from '../base/protobuf-writer.ts';
import {compareStrings} from '../model/labels.ts';
import type {Logger} from '../sys/log.ts';
import type {ReceiverData} from './integration.ts';
import {KeptState, type KeptStateOptions} from './kept-state.ts';
import {walkMessage} from './message.ts';
import type {MaintenanceCounts} from './statistics.ts';
import {decodeTimestamp, encodeTimestamp, type Nanoseconds, nanosecondsOf} from './timestamp.ts';

/** Who was told: an integration of a receiver. */
export interface LogReceiver {
  readonly name: string;
  readonly integration: string;
  readonly index: number;
}

export interface LogEntry {
  readonly groupKey: string;
  readonly receiver: LogReceiver;
  readonly timestampNs: Nanoseconds;
  /** Hashes of labels. */
  readonly firing: BigUint64Array;
  readonly resolved: BigUint64Array;
  readonly receiverData: ReceiverData;
  /** When it may be forgotten. */
  readonly expiresAtNs: Nanoseconds;
}

export interface NotificationLogOptions extends KeptStateOptions {
  readonly logger: Logger;
  readonly retentionMs: number;
}

/** How long appended entries may be on their way to the disk. */
const syncDelayMs = 1000;

export class NotificationLog {
  readonly #options: NotificationLogOptions;
  readonly #kept: KeptState;
  readonly #entries = new Map<string, LogEntry>();
  queries = 0;
  #syncIsDue = false;

  constructor(options: NotificationLogOptions) {
    this.#options = options;
    this.#kept = new KeptState(options, () => this.#messages());
  }

  get counts(): MaintenanceCounts {
    return this.#kept.counts;
  }

  /** Reads the file. Throws what the file system throws. */
  open(): Promise<void> {
    return this.#kept.open(
      (bytes) => {
        const entry = decodeEntry(bytes);
        this.#entries.set(keyOf(entry.groupKey, entry.receiver), entry);
      },
      (problem) => this.#options.logger.error('The notification log is incomplete', {err: problem}),
    );
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The last notification of a group to an integration; null where there was none. */
  query(groupKey: string, receiver: LogReceiver): LogEntry | null {
    this.queries++;
    return this.#entries.get(keyOf(groupKey, receiver)) ?? null;
  }

  /** Notes a notification. `expiryMs`: after so long it need not be known any more. */
  log(entry: Omit<LogEntry, 'timestampNs' | 'expiresAtNs'>, expiryMs: number): void {
    const now = this.#nowNs();
    const before = this.#entries.get(keyOf(entry.groupKey, entry.receiver));
    // The clock may have gone back.
    if (before !== undefined && before.timestampNs > now) return;
    const {retentionMs} = this.#options;
    const keptMs = expiryMs > 0 ? Math.min(expiryMs, retentionMs) : retentionMs;
    this.#put({...entry, timestampNs: now, expiresAtNs: now + nanosecondsOf(keptMs)});
  }

  /** Takes what another Alertmanager knows: the younger of two wins. Gives whether it was this one. */
  merge(entry: LogEntry): boolean {
    if (entry.expiresAtNs < this.#nowNs()) return false;
    const before = this.#entries.get(keyOf(entry.groupKey, entry.receiver));
    if (before !== undefined && before.timestampNs >= entry.timestampNs) return false;
    this.#put(entry);
    return true;
  }

  /** Forgets what need not be known any more and writes the file again. */
  maintain(): Promise<void> {
    return this.#kept.maintain(() => this.#forget());
  }

  /** Writes the whole, unless it was never read: then what is on disk stays as it is. */
  close(): Promise<void> {
    return this.#kept.close(() => this.#forget());
  }

  #forget(): void {
    const now = this.#nowNs();
    for (const [key, {expiresAtNs}] of this.#entries) if (expiresAtNs <= now) this.#entries.delete(key);
  }

  *#messages(): Generator<Uint8Array> {
    for (const entry of this.#entries.values()) yield encodeEntry(entry);
  }

  #put(entry: LogEntry): void {
    this.#entries.set(keyOf(entry.groupKey, entry.receiver), entry);
    if (this.#kept.file === null) return;
    this.#kept.file.append(encodeEntry(entry));
    if (this.#syncIsDue) return;
    this.#syncIsDue = true;
    this.#options.clock.after(syncDelayMs, () => void this.#sync());
  }

  async #sync(): Promise<void> {
    this.#syncIsDue = false;
    try {
      if (this.#kept.file!.isLong) await this.#kept.snapshot();
      else await this.#kept.file!.sync();
    } catch (error) {
      this.counts.errors++;
      this.#options.logger.error('Cannot write the notification log', {err: error});
    }
  }

  #nowNs(): Nanoseconds {
    return nanosecondsOf(this.#options.clock.now());
  }
}

/** Of what a receiver's integration is told of a group. */
export function keyOf(groupKey: string, {name, integration, index}: LogReceiver): string {
  return `${groupKey}:${name}/${integration}/${index}`;
}

export function encodeEntry(entry: LogEntry): Uint8Array {
  const inner = new ProtobufWriter();
  inner.string(1, entry.groupKey);
  const receiver = new ProtobufWriter();
  receiver.string(1, entry.receiver.name);
  receiver.string(2, entry.receiver.integration);
  if (entry.receiver.index !== 0) receiver.int64(3, entry.receiver.index);
  inner.bytes(2, receiver.written);
  inner.bytes(5, encodeTimestamp(entry.timestampNs));
  if (entry.firing.length > 0) inner.packedUint64(6, entry.firing);
  if (entry.resolved.length > 0) inner.packedUint64(7, entry.resolved);
  for (const [name, value] of [...entry.receiverData].sort(([a], [b]) => compareStrings(a, b)))
    inner.bytes(8, encodeDatum(name, value));
  const outer = new ProtobufWriter();
  outer.bytes(1, inner.written);
  outer.bytes(2, encodeTimestamp(entry.expiresAtNs));
  return outer.written.slice();
}

function encodeDatum(name: string, value: string | bigint | number): Uint8Array {
  const content = new ProtobufWriter();
  if (typeof value === 'string') content.string(1, value);
  else if (typeof value === 'bigint') content.uint64(2, BigInt.asUintN(64, value));
  else content.double(3, value);
  const pair = new ProtobufWriter();
  pair.string(1, name);
  pair.bytes(2, content.written);
  return pair.written;
}

/** Throws SyntaxError. */
export function decodeEntry(bytes: Uint8Array): LogEntry {
  let inner: Omit<LogEntry, 'expiresAtNs'> | null = null;
  let expiresAtNs = 0n;
  walkMessage(bytes, (field, value) => {
    if (field === 1) inner = decodeInner(value.bytes());
    else if (field === 2) expiresAtNs = decodeTimestamp(value.bytes());
  });
  if (inner === null) throw new SyntaxError('invalid state: an entry without a receiver');
  return Object.assign(inner as Omit<LogEntry, 'expiresAtNs'>, {expiresAtNs});
}

function decodeInner(bytes: Uint8Array): Omit<LogEntry, 'expiresAtNs'> {
  let groupKey = '';
  let receiver: LogReceiver | null = null;
  let timestampNs = 0n;
  const firing: bigint[] = [];
  const resolved: bigint[] = [];
  const receiverData: ReceiverData = new Map();
  walkMessage(bytes, (field, value) => {
    if (field === 1) groupKey = value.text();
    else if (field === 2) receiver = decodeReceiver(value.bytes());
    else if (field === 5) timestampNs = decodeTimestamp(value.bytes());
    else if (field === 6) for (const hash of value.uint64s()) firing.push(hash);
    else if (field === 7) for (const hash of value.uint64s()) resolved.push(hash);
    else if (field === 8) receiverData.set(...decodeDatum(value.bytes()));
  });
  if (receiver === null) throw new SyntaxError('invalid state: an entry without a receiver');
  return {
    groupKey,
    receiver,
    timestampNs,
    firing: BigUint64Array.from(firing),
    resolved: BigUint64Array.from(resolved),
    receiverData,
  };
}

function decodeReceiver(bytes: Uint8Array): LogReceiver {
  let name = '';
  let integration = '';
  let index = 0;
  walkMessage(bytes, (field, value) => {
    if (field === 1) name = value.text();
    else if (field === 2) integration = value.text();
    else if (field === 3) index = value.number();
  });
  return {name, integration, index};
}

function decodeDatum(bytes: Uint8Array): [string, string | bigint | number] {
  let name = '';
  let content: string | bigint | number = '';
  walkMessage(bytes, (field, value) => {
    if (field === 1) name = value.text();
    else if (field === 2)
      walkMessage(value.bytes(), (kind, inner) => {
        if (kind === 1) content = inner.text();
        else if (kind === 2) content = inner.int64();
        else if (kind === 3) content = inner.double();
      });
  });
  return [name, content];
}
