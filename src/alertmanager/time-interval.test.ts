import assert from 'node:assert/strict';
import test from 'node:test';
import {writeYaml} from '../base/yaml-write.ts';
import {parseYaml, yamlLimits} from '../base/yaml.ts';
import {
  containsTime,
  documentOfTimeIntervals,
  namedTimeIntervalsFields,
  timeIntervalFields,
  timeIntervalOf,
} from './time-interval.ts';

test('containsTime() looks at all parts, in the zone of the interval', () => {
  function f(yaml: string, time: string, expected: boolean): void {
    const interval = timeIntervalOf(timeIntervalFields.parse(parseYaml(yaml, yamlLimits).root));
    assert.equal(containsTime(interval, Date.parse(time)), expected, `${yaml} at ${time}`);
  }
  f('{}', '2026-01-01T00:00:00Z', true);
  f("{times: [{start_time: '09:00', end_time: '17:00'}]}", '2026-01-01T09:00:00Z', true);
  f("{times: [{start_time: '09:00', end_time: '17:00'}]}", '2026-01-01T16:59:59Z', true);
  f("{times: [{start_time: '09:00', end_time: '17:00'}]}", '2026-01-01T17:00:00Z', false);
  f("{times: [{start_time: '00:00', end_time: '24:00'}]}", '2026-01-01T23:59:59Z', true);
  // 2026-01-01 is a Thursday.
  f("{weekdays: ['monday:friday']}", '2026-01-01T00:00:00Z', true);
  f("{weekdays: [Saturday, 'sunday']}", '2026-01-01T00:00:00Z', false);
  f("{days_of_month: ['1:5', '-3:-1']}", '2026-02-26T12:00:00Z', true);
  f("{days_of_month: ['1:5', '-3:-1']}", '2026-02-25T12:00:00Z', false);
  f("{days_of_month: ['31']}", '2026-02-28T12:00:00Z', false);
  f("{days_of_month: ['28:31']}", '2026-02-28T12:00:00Z', true);
  f("{months: ['may:august', '12']}", '2026-08-01T00:00:00Z', true);
  f("{months: ['may:august', '12']}", '2026-09-01T00:00:00Z', false);
  f("{years: ['2020:2026', '2030']}", '2026-01-01T00:00:00Z', true);
  f("{years: ['2030']}", '2026-01-01T00:00:00Z', false);
  f(
    "{times: [{start_time: '09:00', end_time: '10:00'}], location: Asia/Tokyo}",
    '2026-01-01T00:30:00Z',
    true,
  );
  f('{weekdays: [friday], location: Asia/Tokyo}', '2026-01-01T15:00:00Z', true);
  // Summer time begins on 2026-03-29 in Berlin.
  f(
    "{times: [{start_time: '09:00', end_time: '10:00'}], location: Europe/Berlin}",
    '2026-03-28T08:30:00Z',
    true,
  );
  f(
    "{times: [{start_time: '09:00', end_time: '10:00'}], location: Europe/Berlin}",
    '2026-03-30T07:30:00Z',
    true,
  );
  f(
    "{times: [{start_time: '09:00', end_time: '10:00'}], location: Europe/Berlin}",
    '2026-03-30T08:30:00Z',
    false,
  );
});

test('time intervals that make no sense are refused in the words of Alertmanager', () => {
  function f(yaml: string, expected: string): void {
    const read = timeIntervalFields.safeParse(parseYaml(yaml, yamlLimits).root);
    assert.equal(read.success ? '' : read.error.issues[0]!.message, expected, yaml);
  }
  f("{weekdays: ['friday:monday']}", 'start day cannot be before end day');
  f('{weekdays: [funday]}', 'funday is not a valid weekday');
  f("{weekdays: ['a:b:c']}", "couldn't parse range a:b:c, invalid format");
  f("{days_of_month: ['0']}", '0 is not a valid day of the month: out of range');
  f("{days_of_month: ['-5:5']}", 'end day must be negative if start day is negative');
  f("{days_of_month: ['10:5']}", 'end day 5 is always before start day 10');
  f("{months: ['may:april']}", 'end month april is before start month may');
  f('{months: [mai]}', 'mai is not a valid month');
  f("{years: ['2030:2020']}", 'end year 2020 is before start year 2030');
  f("{times: [{start_time: '09:00'}]}", 'both start and end times must be provided');
  f("{times: [{start_time: '9:00', end_time: '10:00'}]}", "couldn't parse timestamp 9:00, invalid format");
  f(
    "{times: [{start_time: '10:00', end_time: '10:00'}]}",
    'start time cannot be equal or greater than end time',
  );
  f('{location: Mars/Olympus}', 'unknown time zone Mars/Olympus');
});

test('time intervals are shown as Alertmanager shows them', () => {
  const yaml = `name: office
time_intervals:
- times:
  - start_time: "09:00"
    end_time: "24:00"
  weekdays: ['monday:friday', sunday]
  days_of_month: ["1:5", '-3:-1']
  months: ["1:3", "5"]
  years: ['2025:2027', "2030"]
  location: Europe/Berlin
`;
  const fields = namedTimeIntervalsFields.parse(parseYaml(yaml, yamlLimits).root);
  assert.equal(writeYaml(documentOfTimeIntervals(fields)), yaml);
});
