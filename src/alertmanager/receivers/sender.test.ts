import assert from 'node:assert/strict';
import test from 'node:test';
import type {NotifyError} from '../integration.ts';
import {failureOf, notificationOf, openReceiver} from './testing/open.ts';
import {Recorder, type RecorderAnswer} from './testing/recorder.ts';

/** What a webhook's failure says; `yaml` are further fields. */
async function failure(
  answer: RecorderAnswer,
  yaml = '',
  signal = AbortSignal.timeout(5000),
): Promise<NotifyError | null> {
  const recorder = await Recorder.open(() => answer);
  const notifier = openReceiver('webhook_configs', `url: ${recorder.url}/secret/path?token=abc\n${yaml}`);
  const error = await failureOf(notifier, notificationOf({signal}));
  await notifier.close();
  recorder.close();
  return error;
}

test('answers decide whether a notification is tried again', async () => {
  async function f(
    answer: RecorderAnswer,
    expected: {message: string; retry: boolean; reason: string} | null,
  ): Promise<void> {
    const error = await failure(answer);
    const {message, retry, reason} = error ?? {};
    assert.deepEqual(error === null ? null : {message, retry, reason}, expected);
  }
  await f({status: 200}, null);
  await f({status: 204}, null);
  const refused = {retry: false, reason: 'clientError'};
  await f({status: 400, body: 'bad'}, {message: 'unexpected status code 400: bad', ...refused});
  await f({status: 404}, {message: 'unexpected status code 404', ...refused});
  await f({status: 401}, {message: 'unexpected status code 401', retry: false, reason: 'authError'});
  await f({status: 403}, {message: 'unexpected status code 403', retry: false, reason: 'authError'});
  await f({status: 429}, {message: 'unexpected status code 429', retry: false, reason: 'rateLimited'});
  await f({status: 503}, {message: 'unexpected status code 503', retry: true, reason: 'serverError'});
  await f({status: 304}, {message: 'unexpected status code 304', retry: false, reason: 'other'});
});

test('an answer of any length is read, and not all of it is shown', async () => {
  assert.equal(await failure({body: 'x'.repeat(10 << 20)}), null);
  const error = await failure({status: 500, body: 'x'.repeat(10 << 20)});
  assert.equal(error!.message.length, 'unexpected status code 500: '.length + 4097);
});

test('a receiver that hangs costs no more than its timeout', async () => {
  const error = await failure({hangs: true}, 'timeout: 50ms');
  assert.equal(error!.retry, true);
  assert.equal(
    error!.message,
    'Post "<redacted>": context deadline exceeded: configured webhook timeout reached (50ms)',
  );
});

test('a receiver that hangs is given up when the time for the notification is over', async () => {
  const late = await failure({hangs: true}, '', AbortSignal.timeout(50));
  assert.equal(late!.message, 'Post "<redacted>": context deadline exceeded');
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const stopped = await failure({hangs: true}, '', controller.signal);
  assert.equal(stopped!.message, 'Post "<redacted>": context canceled');
  assert.equal(stopped!.retry, true);
});

test('messages do not tell URLs', async () => {
  const notifier = openReceiver('webhook_configs', 'url: http://127.0.0.1:1/services/SECRET');
  const error = await failureOf(notifier, notificationOf());
  await notifier.close();
  assert.equal(error!.message, 'Post "<redacted>": dial tcp 127.0.0.1:1: connect: connection refused');
  assert.equal(error!.retry, true);
});

test('Retry-After is told where another attempt makes sense', async () => {
  const recorder = await Recorder.open(() => ({status: 429, headers: {'retry-after': '7'}}));
  const {url} = recorder;
  const opsgenie = openReceiver('opsgenie_configs', `api_url: ${url}\napi_key: k`);
  const error = await failureOf(opsgenie, notificationOf());
  assert.deepEqual([error!.retry, error!.reason, error!.retryAfterMs], [true, 'rateLimited', 7000]);
  const webhook = openReceiver('webhook_configs', `url: ${url}`);
  assert.equal((await failureOf(webhook, notificationOf()))!.retryAfterMs, 0);
  await opsgenie.close();
  await webhook.close();
  recorder.close();
});
