import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {HandClock} from '../sys/handclock.ts';
import {AlertingRule} from './alertingrule.ts';
import type {RuleGroup} from './group.ts';
import {RuleFilesError, RuleManager} from './manager.ts';
import {createTestRules, startMs, type TestRules} from './testing.ts';

/** Files are made of groups: `name: rule; rule`. */
function groups(...texts: string[]): string {
  const lines = texts.map((text) => {
    const [, name, rules = ''] = /^(\w+): (.*)$/s.exec(text)!;
    return `- name: ${name}\n  rules: [${rules
      .split(';')
      .filter((each) => each !== '')
      .map((each) => `{${each}}`)
      .join(', ')}]\n`;
  });
  return `groups:\n${lines.join('')}`;
}

async function start(rules: TestRules, text: string): Promise<RuleManager> {
  rules.files.set('r.yml', text);
  const manager = new RuleManager(rules.world);
  await manager.update(rules.config());
  manager.start();
  return manager;
}

async function change(manager: RuleManager, rules: TestRules, text: string): Promise<void> {
  rules.files.set('r.yml', text);
  await manager.update(rules.config());
}

function alertOf(manager: RuleManager, name: string): AlertingRule {
  for (const {rules} of manager.groups) {
    for (const rule of rules) if (rule instanceof AlertingRule && rule.name === name) return rule;
  }
  throw new Error(`there is no alert ${name}`);
}

const input = [{series: 'x{a="b"}', values: '1+1x600'}];

test('a group is evaluated at its own times, which follow from its name and file alone', async () => {
  const rules = createTestRules(input);
  const manager = await start(rules, groups('a: record: y, expr: x', 'b: record: z, expr: x'));
  await rules.clock.pass(5000);
  const times = (name: string): number[] => rules.stored(name).map((line) => Number(line.split(' ').at(-2)));
  const [first, second] = [times('y'), times('z')];
  assert.equal(first.length, 5);
  assert.deepEqual(
    first,
    first.map((_, i) => first[0]! + 1000 * i),
  );
  assert.notEqual(first[0]! % 1000, second[0]! % 1000);
  const [a] = manager.groups as [RuleGroup];
  for (let ms = startMs; ms < startMs + 3000; ms += 77) {
    const slot = a.slotBefore(ms);
    assert.ok(slot <= ms && slot > ms - 1000);
    assert.equal(slot % 1000, (startMs + first[0]!) % 1000);
  }
  await manager.stop();
  await rules.clock.pass(5000);
  assert.equal(times('y').length, 5);
});

test('rules see what earlier rules of their group have given, in the same evaluation', async () => {
  const rules = createTestRules(input);
  const manager = await start(rules, groups('g: record: y, expr: x * 10; record: z, expr: y + 1'));
  await rules.clock.pass(1000);
  const [y] = rules.stored('y');
  const [z] = rules.stored('z');
  assert.equal(Number(z!.split(' ').at(-1)), Number(y!.split(' ').at(-1)) + 1);
  await manager.stop();
});

test('rules that know nothing of each other are evaluated side by side, as many as allowed', async () => {
  let running = 0;
  let most = 0;
  const rules = createTestRules(input, {
    concurrent: 2,
    around: (inner) => ({
      ...inner,
      async recording(request) {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return inner.recording(request);
      },
    }),
  });
  const four = [1, 2, 3, 4].map((i) => `record: r${i}, expr: x`).join(';');
  const manager = await start(rules, groups(`g: ${four}`));
  await rules.clock.pass(1000);
  // Two besides the one in its turn.
  assert.equal(most, 3);
  assert.equal(rules.stored('{__name__=~"r."}').length, 4);
  await manager.stop();
});

test('an evaluation that takes too long makes others be missed, which is counted', async () => {
  const rules = createTestRules(input, {
    around: (inner) => ({
      ...inner,
      async recording(request) {
        const result = await inner.recording(request);
        // The third evaluation takes 3.5 intervals.
        if (manager.groups[0]!.statistics().iterations === 3) rules.clock.spend(3500);
        return result;
      },
    }),
  });
  const manager = await start(rules, groups('g: record: y, expr: x'));
  await rules.clock.pass(8000);
  const {iterations, iterationsMissed, evaluations} = manager.groups[0]!.statistics();
  assert.deepEqual([iterations, iterationsMissed, evaluations], [8, 2, 6]);
  const times = rules.stored('y').map((line) => Number(line.split(' ').at(-2)));
  assert.deepEqual(
    times.map((time) => (time - times[0]!) / 1000),
    [0, 1, 2, 5, 6, 7],
  );
  await manager.stop();
});

test('a clock that is set back does not stop the evaluation', async () => {
  const rules = createTestRules(input);
  const manager = await start(rules, groups('g: record: y, expr: vector(1)'));
  await rules.clock.pass(3000);
  const before = manager.groups[0]!.statistics().iterations;
  rules.clock.set(rules.clock.now() - 3_600_000);
  await rules.clock.pass(3000);
  assert.ok(manager.groups[0]!.statistics().iterations >= before + 2);
  await manager.stop();
});

test('ALERTS is written once alerts have been restored, and tells the state', async () => {
  const rules = createTestRules(input);
  const manager = await start(
    rules,
    groups('g: alert: A, expr: x > 3, for: 2s, labels: {s: "{{ $value }}"}'),
  );
  assert.equal(alertOf(manager, 'A').state, 'unknown');
  await rules.clock.pass(1000);
  assert.equal(alertOf(manager, 'A').state, 'inactive');
  await rules.clock.pass(7000);
  const states = rules.stored('ALERTS').map((line) => line.split(' ').slice(2, -2).join(' '));
  // Its value is one of its labels: each evaluation gives another alert.
  assert.equal(new Set(states).size, states.length);
  assert.ok(states.every((state) => state.includes('alertstate pending')));
  await manager.stop();
});

test('an alert goes from pending to firing to resolved, and is told to Alertmanagers', async () => {
  const values = `${'0x9'} 1x9 0x1200`;
  const rules = createTestRules([{series: 'x{a="b"}', values}]);
  const manager = await start(
    rules,
    groups('g: alert: A, expr: x == 1, for: 3s, annotations: {v: "{{ $value }}"}'),
  );
  await rules.clock.pass(11_500);
  assert.equal(alertOf(manager, 'A').state, 'pending');
  assert.equal(rules.notified.length, 0);
  await rules.clock.pass(3000);
  assert.equal(alertOf(manager, 'A').state, 'firing');
  const [fired] = rules.notified;
  assert.deepEqual(fired!.labels, ['a', 'b', 'alertname', 'A']);
  assert.deepEqual(fired!.annotations, ['v', '1']);
  assert.equal(fired!.generatorUrl, 'http://here/graph?g0.expr=x+%3D%3D+1&g0.tab=1');
  assert.equal(fired!.endsAtMs - fired!.startsAtMs, 240_000);
  await rules.clock.pass(7000);
  const resolved = rules.notified.at(-1)!;
  assert.equal(rules.notified.length, 2);
  assert.equal(resolved.endsAtMs - resolved.startsAtMs, 7000);
  assert.deepEqual(alertOf(manager, 'A').activeAlerts, []);
  // Told again every minute for a quarter of an hour, then forgotten.
  await rules.clock.pass(20 * 60_000);
  assert.equal(rules.notified.length, 2 + 14);
  assert.equal(alertOf(manager, 'A').alerts.size, 0);
  await manager.stop();
});

test('a reload keeps the alerts of a group that changes, and leaves one that stays the same alone', async () => {
  const rules = createTestRules(input);
  const manager = await start(rules, groups('g: alert: A, expr: x > 0, for: 5s', 'h: record: y, expr: x'));
  await rules.clock.pass(3000);
  const {activeAtMs} = alertOf(manager, 'A').activeAlerts[0]!;
  const [g, h] = manager.groups;
  await change(
    manager,
    rules,
    groups('g: alert: A, expr: x > 0.5, for: 5s; record: n, expr: x', 'h: record: y, expr: x'),
  );
  assert.notEqual(manager.groups[0], g);
  assert.equal(manager.groups[1], h);
  await rules.clock.pass(3500);
  const [alert] = alertOf(manager, 'A').activeAlerts;
  assert.deepEqual([alert!.state, alert!.activeAtMs], ['firing', activeAtMs]);
  assert.ok(rules.stored('n').length > 0);
  await manager.stop();
});

/** Whether the series has a value now: not where its last sample is a stale marker. */
function isThere(rules: TestRules, name: string): boolean {
  return rules.current(name) > 0;
}

test('series that a rule gives no longer end at once, those of rules that are gone with the next evaluation', async () => {
  const rules = createTestRules([{series: 'x{a="b"}', values: '1x5 0x600'}]);
  const manager = await start(rules, groups('g: record: y, expr: x == 1; record: z, expr: x'));
  await rules.clock.pass(3000);
  assert.equal(isThere(rules, 'y'), true);
  await rules.clock.pass(5000);
  assert.equal(isThere(rules, 'y'), false);
  await change(manager, rules, groups('g: record: y, expr: x == 1'));
  assert.equal(isThere(rules, 'z'), true);
  await rules.clock.pass(1000);
  assert.equal(isThere(rules, 'z'), false);
  await manager.stop();
});

test('series of a group that is gone end two intervals later, unless another has gone on with them', async () => {
  const rules = createTestRules(input);
  const manager = await start(rules, groups('g: record: y, expr: x; record: z, expr: x'));
  await rules.clock.pass(3000);
  await change(manager, rules, groups('other: record: z, expr: x'));
  assert.deepEqual(
    manager.groups.map(({name}) => name),
    ['other'],
  );
  await rules.clock.pass(1500);
  assert.deepEqual([isThere(rules, 'y'), isThere(rules, 'z')], [true, true]);
  await rules.clock.pass(1000);
  assert.deepEqual([isThere(rules, 'y'), isThere(rules, 'z')], [false, true]);
  await manager.stop();
});

test('files that are wrong leave the rules as they are, and all that is wrong is told', async () => {
  const rules = createTestRules(input);
  const manager = await start(rules, groups('g: record: y, expr: x'));
  const before = manager.groups;
  rules.files.set('r.yml', groups('g: record: y, expr: "x ("; record: z'));
  assert.throws(
    () => manager.update(rules.config()),
    (error) => {
      assert.ok(error instanceof RuleFilesError);
      assert.equal(error.problems.length, 2);
      assert.match(
        error.problems[0]!,
        /^r\.yml: 3:\d+: group "g", rule 1, "y": could not parse expression: 1:4: /,
      );
      return true;
    },
  );
  assert.throws(
    () => manager.update({...rules.config(), files: ['gone.yml']}),
    /gone\.yml: open gone\.yml: no such/,
  );
  assert.deepEqual(manager.groups, before);
  await manager.stop();
});

test('a rule that fails says why, and its group goes on', async () => {
  const rules = createTestRules([...input, {series: 'x{a="c"}', values: '1x600'}]);
  rules.files.set(
    'r.yml',
    `groups:
- name: g
  limit: 1
  rules:
  - {record: y, expr: x}
  - {alert: A, expr: x}
  - {record: one, expr: x, labels: {a: ""}}
  - {alert: B, expr: x, labels: {a: same}}
  - {record: s, expr: '"text"'}
  - {record: good, expr: sum(x)}
`,
  );
  const manager = new RuleManager(rules.world);
  await manager.update(rules.config());
  manager.start();
  await rules.clock.pass(1000);
  const [group] = manager.groups;
  assert.deepEqual(
    group!.rules.map(({health, lastError}) => [health, lastError]),
    [
      ['err', 'exceeded limit of 1 with 2 series'],
      ['err', 'exceeded limit of 1 with 2 alerts'],
      ['err', 'vector contains metrics with the same labelset after applying rule labels'],
      ['err', 'vector contains metrics with the same labelset after applying alert labels'],
      ['err', 'rule result is not a vector or scalar'],
      ['ok', null],
    ],
  );
  assert.equal(group!.statistics().evaluationsFailed, 5);
  assert.equal(alertOf(manager, 'A').alerts.size, 0);
  await manager.stop();
});

test('rules of a group with an offset ask for, and store, what was so long ago', async () => {
  const rules = createTestRules(input);
  rules.files.set('r.yml', 'groups: [{name: g, query_offset: 3s, rules: [{record: y, expr: x}]}]');
  rules.files.set('s.yml', 'groups: [{name: h, rules: [{record: z, expr: x}]}]');
  const manager = new RuleManager(rules.world);
  await manager.update(rules.config({queryOffsetMs: 2000}));
  manager.start();
  await rules.clock.pass(6000);
  for (const [name, offsetMs] of [
    ['y', 3000],
    ['z', 2000],
  ] as const) {
    const group = manager.groups.find(({rules: [rule]}) => rule!.name === name)!;
    const times = rules.stored(name).map((line) => Number(line.split(' ').at(-2)) + startMs);
    assert.ok(times.length > 1);
    assert.equal(times.at(-1), group.slotBefore(rules.clock.now()) - offsetMs);
  }
  await manager.stop();
});

test('alerts go on over a restart: time without evaluations does not count as pending', async () => {
  const first = createTestRules([{series: 'x', values: '1x4000'}]);
  const text = groups(
    'g: alert: Short, expr: x, for: 2s; alert: Nearly, expr: x, for: 25s; alert: Long, expr: x, for: 600s; alert: Firing, expr: x, for: 11s',
  );
  const manager = await start(first, text);
  await first.clock.pass(20_000);
  const activeAtMs = alertOf(manager, 'Long').activeAlerts[0]!.activeAtMs;
  assert.equal(alertOf(manager, 'Firing').state, 'firing');
  await manager.stop();

  const clock = new HandClock(first.clock.now() + 100_000);
  const second = createTestRules([], {clock, store: first.store});
  const again = await start(second, text);
  await clock.pass(3500);
  const active = (name: string): number => alertOf(again, name).activeAlerts[0]!.activeAtMs;
  // The outage moved it on, by as long as it was.
  assert.ok(Math.abs(active('Long') - activeAtMs - 102_000) < 2000, `${active('Long') - activeAtMs}`);
  // It would fire within the grace period: it does so at its end.
  assert.equal(alertOf(again, 'Nearly').state, 'pending');
  await clock.pass(10_000);
  assert.equal(alertOf(again, 'Nearly').state, 'firing');
  assert.equal(alertOf(again, 'Firing').state, 'firing');
  // What is stored has whole seconds.
  assert.equal(active('Firing'), Math.floor(activeAtMs / 1000) * 1000);
  // What waits for less than the grace period begins anew.
  assert.ok(active('Short') > clock.now() - 15_000);
  await again.stop();
});

test('light rules that are evaluated together give what they give one after the other, for any seed', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const names = ['r0', 'r1', 'r2', 'r3', 'r4', 'x'];
    const expr = (): string => {
      const [a, b] = [random.below(6), random.below(6)].map((i) => names[i]!);
      return [`${a} + 1`, `sum(${a})`, `${a} > 2 or ${b}`, `count({__name__=~"r.|x"})`, `count(ALERTS)`][
        random.below(5)
      ]!;
    };
    const rules = Array.from({length: 8}, (_, i) =>
      random.below(4) === 0
        ? `alert: A${i}, expr: '${expr()}', for: ${random.below(3)}s`
        : `record: r${random.below(5)}, expr: '${expr()}', labels: {i: '${i}'}`,
    );
    let together = 0;
    const run = async (batches: boolean): Promise<string[]> => {
      const world = createTestRules(input, {
        around: (inner) => ({
          ...inner,
          async batch(requests) {
            if (!batches) throw new Error('one by one');
            together += requests.length;
            return inner.batch(requests);
          },
        }),
      });
      const manager = await start(world, groups(`g: ${rules.join(';')}`));
      await world.clock.pass(8000);
      await manager.stop();
      return world.stored('{__name__=~"r.|ALERTS.*"}').sort();
    };
    const expected = await run(false);
    assert.deepEqual(await run(true), expected, `seed ${seed}: ${rules.join('; ')}`);
    if (seed === 0) assert.ok(together > 0);
  }
});

test('a group goes on, and its rules are sound, where Alertmanagers cannot be told', async () => {
  const rules = createTestRules(input);
  let calls = 0;
  const world = {
    ...rules.world,
    notify: () => {
      calls++;
      throw new RangeError('no room');
    },
  };
  rules.files.set('r.yml', groups('g: alert: A, expr: x > 0; alert: B, expr: x > 0; record: y, expr: x'));
  const manager = new RuleManager(world);
  await manager.update(rules.config());
  manager.start();
  await rules.clock.pass(10_000);
  assert.equal(calls, 2);
  assert.deepEqual(
    manager.groups[0]!.rules.map(({health}) => health),
    ['ok', 'ok', 'ok'],
  );
  assert.equal(rules.stored('y').length, 10);
  await manager.stop();
});

test('a group goes on after an evaluation that was not expected to fail', async () => {
  const rules = createTestRules(input, {
    around: (inner) => ({
      ...inner,
      batch: (requests) =>
        rules.clock.now() - startMs > 3000 && rules.clock.now() - startMs < 6000
          ? // Fewer outcomes than there are rules, and one that says nothing.
            Promise.resolve([undefined] as never)
          : inner.batch(requests),
    }),
  });
  const manager = await start(rules, groups('g: record: y, expr: x; record: z, expr: x'));
  await rules.clock.pass(10_000);
  assert.ok(rules.stored('y').length >= 6, `${rules.stored('y').length} samples`);
  await manager.stop();
});

test('templates see new external labels after a reload, and alerts go on', async () => {
  const rules = createTestRules(input);
  rules.files.set(
    'r.yml',
    groups("g: alert: A, expr: x > 0, for: 5s, annotations: {where: '{{ $externalLabels.dc }}'}"),
  );
  const manager = new RuleManager(rules.world);
  await manager.update(rules.config({externalLabels: ['dc', 'one']}));
  manager.start();
  await rules.clock.pass(3000);
  const [before] = alertOf(manager, 'A').activeAlerts;
  assert.deepEqual(before!.annotations, ['where', 'one']);
  await manager.update(rules.config({externalLabels: ['dc', 'two']}));
  await rules.clock.pass(3000);
  const [after] = alertOf(manager, 'A').activeAlerts;
  assert.deepEqual([after!.annotations, after!.activeAtMs], [['where', 'two'], before!.activeAtMs]);
  await manager.stop();
});
