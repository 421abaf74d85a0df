import assert from 'node:assert/strict';
import test from 'node:test';
import {ProtobufWriter} from '../base/protobuf-writer.ts';
import {Random} from '../base/random.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {noLogger, type Logger} from '../sys/log.ts';
import {matcherOf} from './matchers.ts';
import {decodeEntry, encodeEntry, type LogEntry, NotificationLog} from './nflog.ts';
import {decodeSilence, encodeSilence, type StoredSilence} from './silence.ts';
import {type PostedSilence, SilenceError, Silences, type SilencesOptions} from './silences.ts';
import {StateFile} from './state-file.ts';
import {SteppedClock} from './steppedclock.ts';
import {nanosecondsOf} from './timestamp.ts';

const start = Date.UTC(2026, 0, 5);
const ns = (second: number): bigint => nanosecondsOf(start + second * 1000);

const stored: StoredSilence = {
  silence: {
    id: 'id',
    matcherSets: [[matcherOf('=', 'a', 'b'), matcherOf('!~', 'c', 'd.*')], [matcherOf('=~', 'e', 'f')]],
    startsAtNs: 1_000_000_001n,
    endsAtNs: 2_000_000_000n,
    updatedAtNs: 3_000_000_000n,
    createdBy: 'me',
    comment: '',
    annotations: new Map([['k', 'v']]),
  },
  expiresAtNs: 4_500_000_000n,
};

test('encodeSilence() writes these bytes', () => {
  const bytes = encodeSilence(stored);
  assert.equal(
    bytes.toHex(),
    '0a54' +
      '0a026964' + // id
      '1206120161' +
      '1a0162' + // matchers: a="b"
      '120a0803120163' +
      '1a03642e2a' + // c!~"d.*"
      '1a0408011001' + // starts_at
      '22020802' +
      '2a020803' +
      '42026d65' + // created_by
      '52060a016b120176' + // annotations
      '5a14' +
      '0a061201611a0162' +
      '0a0a08031201631a03642e2a' + // first set
      '5a0a0a0808011201651a0166' + // second set
      '120808041080cab5ee01',
  );
  assert.deepEqual(decodeSilence(bytes), stored);
  // 86 bytes are a whole silence that does not say when it is forgotten.
  for (let size = 1; size < bytes.length; size++)
    if (size !== 86)
      assert.throws(() => decodeSilence(bytes.subarray(0, size)), SyntaxError, `${size} bytes`);
});

test('silences of older Alertmanagers are read', () => {
  const comment = new ProtobufWriter();
  comment.string(1, 'author');
  comment.string(2, 'text');
  const matcher = new ProtobufWriter();
  matcher.string(2, 'a');
  matcher.string(3, 'b');
  const inner = new ProtobufWriter();
  inner.string(1, 'id');
  inner.bytes(2, matcher.written);
  inner.bytes(7, comment.written);
  const outer = new ProtobufWriter();
  outer.bytes(1, inner.written);
  const {silence} = decodeSilence(outer.written);
  assert.equal(silence.createdBy, 'author');
  assert.equal(silence.comment, 'text');
  assert.deepEqual(silence.matcherSets, [[matcherOf('=', 'a', 'b')]]);
});

test('entries of the notification log come back, for any seed', () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = new Random(seed);
    const hashes = (): BigUint64Array =>
      BigUint64Array.from(
        {length: random.below(5)},
        () => (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()),
      );
    const entry: LogEntry = {
      groupKey: `{}:{a="${random.below(100)}"}`,
      receiver: {name: 'r', integration: 'slack', index: random.below(3)},
      timestampNs: BigInt(random.below(2 ** 50)),
      firing: hashes(),
      resolved: hashes(),
      receiverData: new Map<string, string | bigint | number>([
        ['text', 'ü'],
        ['number', -BigInt(random.below(2 ** 40))],
        ['float', random.float()],
      ]),
      expiresAtNs: BigInt(random.below(2 ** 50)),
    };
    const found = decodeEntry(encodeEntry(entry));
    assert.deepEqual(found, entry, `seed ${seed}`);
  }
});

test('StateFile keeps what was appended, whatever is cut off its end', async () => {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory('/d');
  const texts = ['one', 'two', 'x'.repeat(300)];
  const file = new StateFile(fs, '/d/state');
  file.load(() => {});
  for (const text of texts) file.append(new TextEncoder().encode(text));
  await file.close();
  const bytes = fs.contents('/d/state').slice();
  const read = (): {found: string[]; problem: string} => {
    const found: string[] = [];
    const {problem} = new StateFile(fs, '/d/state').load((each) =>
      found.push(new TextDecoder().decode(each)),
    );
    return {found, problem};
  };
  assert.deepEqual(read(), {found: texts, problem: ''});
  for (let size = 0; size < bytes.length; size++) {
    fs.put('/d/state', bytes.slice(0, size));
    const {found, problem} = read();
    assert.deepEqual(found, texts.slice(0, found.length), `${size} bytes`);
    assert.equal(problem === '', [0, 4, 8].includes(size), `${size} bytes: ${problem}`);
    if (problem !== '') assert.equal(fs.contents('/d/state.damaged').length, size);
  }
});

function silencesOn(
  fs: SimulatedFileSystem,
  clock: SteppedClock,
  options: Partial<SilencesOptions> = {},
): Silences {
  fs.makeDirectory('/d');
  return new Silences({
    fs,
    path: '/d/silences',
    clock,
    logger: noLogger,
    retentionMs: 3_600_000,
    ...options,
  });
}

function posted(id: string, from: number, to: number, value = 'b'): PostedSilence {
  return {
    id,
    matcherSets: [[matcherOf('=', 'a', value)]],
    startsAtNs: ns(from),
    endsAtNs: ns(to),
    createdBy: 'me',
    comment: 'c',
    annotations: new Map(),
  };
}

test('Silences mute, change, end and are forgotten', async () => {
  const clock = new SteppedClock(start);
  const silences = silencesOn(new SimulatedFileSystem(), clock);
  await silences.open();
  const id = await silences.set(posted('', -10, 100));
  assert.equal(silences.get(id)!.startsAtNs, ns(0), 'a start in the past is now');
  const later = await silences.set(posted('', 50, 100));
  assert.deepEqual(silences.mutesOf(['a', 'b']), [id]);
  assert.deepEqual(silences.mutesOf(['a', 'c']), []);
  assert.deepEqual(silences.countByState(), {active: 1, pending: 1, expired: 0});
  await clock.runUntil(start + 60_000);
  assert.deepEqual(silences.mutesOf(['a', 'b', 'x', 'y']).sort(), [id, later].sort());
  // Its end may change, its start and what it matches not: then it is another one.
  assert.equal(await silences.set({...posted(id, 0, 200), comment: 'longer'}), id);
  assert.equal(silences.get(id)!.comment, 'longer');
  const other = await silences.set(posted(id, 0, 200, 'z'));
  assert.notEqual(other, id);
  assert.deepEqual(silences.mutesOf(['a', 'b']), [later]);
  await silences.expire(later);
  await silences.expire(later);
  assert.deepEqual(silences.mutesOf(['a', 'b']), []);
  assert.deepEqual(silences.mutesOf(['a', 'z']), [other]);
  await clock.runUntil(start + 3_700_000);
  await silences.maintain();
  assert.equal(silences.size, 1, 'one ended at 200 s, and is kept an hour');
  await clock.runUntil(start + 3_900_000);
  await silences.maintain();
  assert.equal(silences.size, 0);
});

test('Silences refuse what makes no sense', async () => {
  const clock = new SteppedClock(start);
  const silences = silencesOn(new SimulatedFileSystem(), clock, {silencesMax: 2, silenceBytesMax: 100});
  await silences.open();
  async function f(silence: PostedSilence, message: string): Promise<void> {
    await assert.rejects(silences.set(silence), (error) => {
      assert.ok(error instanceof SilenceError);
      assert.equal(error.message, message);
      return true;
    });
  }
  const good = posted('', 0, 100);
  await f({...good, matcherSets: []}, 'invalid silence: at least one matcher set required');
  await f({...good, matcherSets: [[]]}, 'invalid silence: matcher set 0 is empty');
  await f(
    {...good, matcherSets: [[matcherOf('=', 'a', ''), matcherOf('=~', 'a', '.*')]]},
    'invalid silence: matcher set 0: at least one matcher must not match the empty string',
  );
  await f(
    {...good, matcherSets: [[matcherOf('=', '', 'b')]]},
    'invalid silence: invalid label matcher 0 in set 0: invalid label name ""',
  );
  await f({...good, endsAtNs: ns(-1)}, 'invalid silence: end time must not be before start time');
  await f({...good, id: 'nobody'}, 'silence not found');
  await f({...good, comment: 'x'.repeat(100)}, 'silence exceeded maximum size: 197 bytes (limit: 100 bytes)');
  const roomy = silencesOn(new SimulatedFileSystem(), clock, {silencesMax: 2});
  await roomy.open();
  await roomy.set(good);
  await roomy.set(good);
  await assert.rejects(roomy.set(good), /exceeded maximum number of silences: 2 \(limit: 2\)/);
});

test('silences that were acknowledged survive a loss of power at any time, for any seed', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    const clock = new SteppedClock(start);
    let silences = silencesOn(fs, clock);
    await silences.open();
    const known = new Map<string, bigint>();
    for (let step = 0; step < 30; step++) {
      await clock.runUntil(clock.now() + 1000 * (1 + random.below(20)));
      const second = (clock.now() - start) / 1000;
      const choice = random.below(5);
      if (choice < 3 || known.size === 0) {
        const id = await silences.set(posted('', second, second + 600, String(random.below(5))));
        known.set(id, silences.get(id)!.endsAtNs);
      } else if (choice === 3) {
        const id = random.pick([...known.keys()]);
        await silences.expire(id);
        known.set(id, silences.get(id)!.endsAtNs);
      } else await silences.maintain();
      if (random.below(4) > 0) continue;
      fs.losePower(random);
      silences = silencesOn(fs, clock);
      await silences.open();
      for (const [id, endsAtNs] of known)
        assert.equal(silences.get(id)?.endsAtNs, endsAtNs, `seed ${seed}, step ${step}`);
    }
  }
});

test('the younger of two silences wins, and what is forgotten does not come back', async () => {
  const clock = new SteppedClock(start);
  const silences = silencesOn(new SimulatedFileSystem(), clock);
  await silences.open();
  const made: StoredSilence = {silence: {...posted('id', 0, 100), updatedAtNs: ns(1)}, expiresAtNs: ns(200)};
  assert.equal(silences.merge(made), true);
  assert.equal(silences.merge(made), false);
  const younger = {...made, silence: {...made.silence, comment: 'younger', updatedAtNs: ns(2)}};
  assert.equal(silences.merge(younger), true);
  assert.equal(silences.merge(made), false);
  assert.equal(silences.get('id')!.comment, 'younger');
  assert.equal(silences.merge({...made, expiresAtNs: ns(-1)}), false);
});

test('the notification log survives a kill of the process, and forgets what is old', async () => {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory('/d');
  const clock = new SteppedClock(start);
  const logger: Logger = noLogger;
  const open = async (): Promise<NotificationLog> => {
    const log = new NotificationLog({fs, path: '/d/nflog', clock, logger, retentionMs: 3_600_000});
    await log.open();
    return log;
  };
  const receiver = {name: 'r', integration: 'slack', index: 0};
  const log = await open();
  const entry = {
    groupKey: 'g',
    receiver,
    firing: BigUint64Array.of(1n),
    resolved: new BigUint64Array(0),
    receiverData: new Map([['threadTs', '5']]),
  };
  log.log(entry, 60_000);
  log.log({...entry, groupKey: 'h'}, 7_200_000);
  fs.kill();
  const again = await open();
  assert.deepEqual(again.query('g', receiver)?.receiverData, new Map([['threadTs', '5']]));
  assert.equal(again.query('g', {...receiver, index: 1}), null);
  await clock.runUntil(start + 61_000);
  await again.maintain();
  assert.equal(again.query('g', receiver), null);
  assert.notEqual(again.query('h', receiver), null);
  assert.equal((await open()).size, 1);
});
