import assert from 'node:assert/strict';
import test from 'node:test';
import {labelsOf} from '../model/labels.ts';
import {parseConfig} from './config.ts';
import {estimateNotifications, type FiringAlert, type NotificationCount} from './estimate.ts';
import {MatcherParser} from './matchers/parse.ts';

const minute = 60_000;
const start = Date.UTC(2026, 0, 5);

async function estimate(
  text: string,
  alerts: [labels: Record<string, string>, from: number, to: number][],
  minutes = 24 * 60,
): Promise<NotificationCount[] | null> {
  const parser = new MatcherParser();
  const config = parseConfig(text, {file: 'am.yml', parser});
  const firing = alerts.map(([labels, from, to]): FiringAlert => ({
    labels: labelsOf({alertname: 'A', ...labels}),
    startMs: start + from * minute,
    endMs: start + to * minute,
  }));
  return estimateNotifications(config, parser, {alerts: firing, endMs: start + minutes * minute});
}

const config = `route:
  receiver: all
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
  - {receiver: team, matchers: [team="x"]}
  - {receiver: none, matchers: [team="none"]}
inhibit_rules: [{source_matchers: [severity="page"], target_matchers: [severity="info"], equal: [alertname]}]
receivers:
- {name: all, webhook_configs: [{url: 'http://a'}]}
- {name: team, webhook_configs: [{url: 'http://b', send_resolved: false}, {url: 'http://c'}]}
- {name: none}
`;

test('estimateNotifications() counts what routing, grouping and repetition make of alerts', async () => {
  const f = async (
    alerts: Parameters<typeof estimate>[1],
    expected: Record<string, number> | null,
    minutes?: number,
  ): Promise<void> => {
    const found = await estimate(config, alerts, minutes);
    const counts =
      found === null
        ? null
        : Object.fromEntries(found.map(({receiver, notifications}) => [receiver, notifications]));
    assert.deepEqual(counts, expected);
  };
  await f([], {});
  // Told once, and once more when it is resolved.
  await f([[{}, 0, 60]], {all: 2});
  // Both are in one group.
  await f(
    [
      [{i: 'a'}, 0, 60],
      [{i: 'b'}, 0, 60],
    ],
    {all: 2},
  );
  // It is over before the group has waited.
  await f([[{}, 0, 0.25]], {});
  // Repeated every four hours.
  await f([[{}, 0, 24 * 60]], {all: 6}, 23 * 60);
  await f([[{team: 'x'}, 0, 60]], {team: 1 + 2});
  await f([[{team: 'none'}, 0, 60]], {});
  await f(
    [
      [{severity: 'page'}, 0, 60],
      [{severity: 'info', alertname: 'A'}, 1, 50],
    ],
    {all: 2},
  );
});

test('estimateNotifications() gives up what would take too long', async () => {
  const many = Array.from({length: 2001}, (_, i): [Record<string, string>, number, number] => [
    {i: String(i)},
    0,
    1,
  ]);
  assert.equal(await estimate(config, many), null);
});
