import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {FairQueue} from './fairqueue.ts';

/** Takes everything out, one after the other, each ended with its expected cost before the next. */
function orderOf(queue: FairQueue<string>): string {
  let order = '';
  for (let ticket = queue.peek(); ticket !== null; ticket = queue.peek()) {
    queue.begin(ticket);
    order += `${ticket.item} `;
    queue.finish(ticket, ticket.costSeconds);
  }
  return order.trim();
}

test('FairQueue lets clients take turns by what they have cost', () => {
  const queue = new FairQueue<string>();
  const push = (client: string, item: string, costSeconds: number): void =>
    void queue.push(item, {client, group: ''}, {costSeconds, nowSeconds: 0});
  for (let i = 0; i < 4; i++) push('heavy', `h${i}`, 3);
  for (let i = 0; i < 4; i++) push('light', `l${i}`, 1);
  assert.equal(queue.length, 8);
  assert.equal(orderOf(queue), 'h0 l0 l1 l2 h1 l3 h2 h3');
});

test('FairQueue lets the groups of a client take turns, which are no advantage over another client', () => {
  const queue = new FairQueue<string>();
  const push = (client: string, group: string, item: string): void =>
    void queue.push(item, {client, group}, {costSeconds: 1, nowSeconds: 0});
  for (let i = 0; i < 3; i++) push('a', 'one', `a1-${i}`);
  for (let i = 0; i < 3; i++) push('a', 'two', `a2-${i}`);
  for (let i = 0; i < 3; i++) push('b', '', `b${i}`);
  assert.equal(orderOf(queue), 'a1-0 b0 a2-0 b1 a1-1 b2 a2-1 a1-2 a2-2');
});

test('FairQueue puts light queries before heavier ones that came a little earlier, and no later', () => {
  const queue = new FairQueue<string>();
  const push = (item: string, costSeconds: number, nowSeconds: number): void =>
    void queue.push(item, {client: '', group: ''}, {costSeconds, nowSeconds});
  push('heavy', 1, 0);
  push('light', 0.1, 5);
  push('late', 0.1, 9.5);
  assert.equal(orderOf(queue), 'light heavy late');
});

test('FairQueue counts what a query has cost in the end', () => {
  const queue = new FairQueue<string>();
  const push = (client: string, item: string): void =>
    void queue.push(item, {client, group: ''}, {costSeconds: 1, nowSeconds: 0});
  push('a', 'a0');
  push('a', 'a1');
  push('b', 'b0');
  push('b', 'b1');
  push('b', 'b2');
  const first = queue.peek()!;
  queue.begin(first);
  assert.equal(first.item, 'a0');
  queue.finish(first, 2.5);
  assert.equal(orderOf(queue), 'b0 b1 b2 a1');
});

test('FairQueue takes out what waits, and gives only what is eligible', () => {
  const queue = new FairQueue<string>();
  const times = {costSeconds: 1, nowSeconds: 0};
  const a = queue.push('a', {client: 'a', group: ''}, times);
  queue.push('b', {client: 'b', group: ''}, times);
  assert.equal(
    queue.peek(({client}) => client.running > 0),
    null,
  );
  assert.equal(queue.remove(a), true);
  assert.equal(queue.remove(a), false);
  assert.equal(
    queue.peek(({item}) => item === 'a'),
    null,
  );
  assert.deepEqual(queue.drain(), ['b']);
  assert.equal(queue.length, 0);
});

test('FairQueue keeps every client within one query of its share, whoever comes when, for any seed', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new Random(seed);
    const queue = new FairQueue<number>();
    const clients = 2 + random.below(4);
    const costs = Array.from({length: clients}, () => 1 + random.below(5));
    const used = costs.map(() => 0);
    for (let client = 0; client < clients; client++) {
      for (let i = 0; i < 200; i++) {
        const times = {costSeconds: costs[client]!, nowSeconds: i};
        queue.push(client, {client: String(client), group: String(random.below(3))}, times);
      }
    }
    // As long as all have queries, none gets ahead.
    for (let i = 0; i < 150; i++) {
      const ticket = queue.peek()!;
      queue.begin(ticket);
      used[ticket.item]! += costs[ticket.item]!;
      queue.finish(ticket, costs[ticket.item]!);
    }
    const spread = Math.max(...used) - Math.min(...used);
    assert.ok(spread <= Math.max(...costs), `seed ${seed}: ${used.join(' ')}`);
  }
});
