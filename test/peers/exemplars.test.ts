// Exemplars by remote write: what Narthex and Prometheus keep of the same requests, before and after a kill.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {FloatHistogram} from '../../src/model/histogram.ts';
import type {Labels} from '../../src/model/labels.ts';
import {WriteRequestEncoder} from '../../src/remote/writerequest-encode.ts';
import type {Exemplar} from '../../src/storage/exemplar.ts';
import {pushBody} from '../../tools/remotewrite.ts';
import {startNarthex, startPrometheus, type ServerOptions, type StartedServer} from '../lib/narthex.ts';

const seriesOf = (i: number): Labels => ['__name__', 'metric', 'i', String(i)];

function exemplar(timeMs: number, value: number, ...labels: string[]): Exemplar {
  return {timeMs, value, labels: ['trace_id', `t${value}`, ...labels]};
}

/** Requests with exemplars in order, late, known, of one time, with long labels, far ahead, and of a series that is not there. */
function requests(nowMs: number): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  const add = (write: (request: WriteRequestEncoder) => void): void => {
    const request = new WriteRequestEncoder();
    write(request);
    bodies.push(request.body().slice());
  };
  for (let step = 0; step < 20; step++) {
    const time = nowMs - 600_000 + step * 1000;
    add((request) => {
      for (let i = 0; i < 3; i++) {
        const exemplars = [exemplar(time, step), exemplar(time, step + 0.5, 'user', 'ユーザー')];
        request.series(seriesOf(i), [time], [step], [], step % 4 === i ? exemplars : []);
      }
    });
  }
  const last = nowMs - 500_000;
  add((request) => request.series(seriesOf(0), [last], [1], [], [exemplar(last - 300_000, 3)]));
  add((request) => request.series(seriesOf(0), [], [], [], [exemplar(last + 1, 4), exemplar(last + 1, 4)]));
  add((request) => request.series(seriesOf(1), [], [], [], [exemplar(last, 5, 'long', 'x'.repeat(130))]));
  add((request) => request.series(seriesOf(1), [], [], [], [exemplar(nowMs + 3_600_000, 6)]));
  add((request) => request.series(seriesOf(7), [], [], [], [exemplar(last, 7)]));
  // Prometheus has no exemplar of a series that its first histogram, in the same request, makes.
  for (const timeMs of [last, last + 1]) {
    const histogram = new FloatHistogram({
      count: 2,
      positiveSpans: [{offset: 0, length: 1}],
      positiveBuckets: Float64Array.of(2),
    });
    const exemplars = timeMs === last ? [] : [exemplar(last, 0.25)];
    add((request) =>
      request.series(
        ['__name__', 'metric', 'i', 'histogram'],
        [],
        [],
        [{timeMs, histogram, integer: true}],
        exemplars,
      ),
    );
  }
  return bodies;
}

async function exemplarsOf({url}: StartedServer, nowMs: number): Promise<{seriesLabels: {i: string}}[]> {
  const parameters = new URLSearchParams({
    query: 'metric',
    start: String((nowMs - 3_600_000) / 1000),
    end: String((nowMs + 7_200_000) / 1000),
  });
  const answer = await fetch(`${url}/api/v1/query_exemplars?${parameters.toString()}`);
  const {data} = (await answer.json()) as {data: {seriesLabels: {i: string}}[]};
  return data.sort((left, right) => (left.seriesLabels.i < right.seriesLabels.i ? -1 : 1));
}

test('exemplars that come by remote write are kept as Prometheus keeps them', async () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'narthex-peer-exemplars-')));
  const running: StartedServer[] = [];
  const start = async (peer: boolean): Promise<StartedServer> => {
    const options: ServerOptions = {
      dataFolder: folders[Number(peer)]!,
      config: 'storage: {exemplars: {max_exemplars: 20}, tsdb: {out_of_order_time_window: 2m}}\n',
      flags: ['--enable-feature=exemplar-storage,native-histograms'],
    };
    const server = peer ? await startPrometheus(options) : await startNarthex(options);
    running.push(server);
    return server;
  };
  try {
    const nowMs = Date.now();
    const expected: unknown[] = [];
    for (const peer of [true, false]) {
      const server = await start(peer);
      for (const body of requests(nowMs)) {
        // Whatever is wrong with an exemplar: it is no error to the sender.
        await pushBody(server.url, body);
      }
      const found = await exemplarsOf(server, nowMs);
      const count = JSON.stringify(found).split('trace_id').length - 1;
      assert.ok(found.length >= 3 && count === 20, `${count} exemplars of ${found.length} series`);
      if (peer) expected.push(...found);
      else assert.deepEqual(found, expected);
      await server.stop('SIGKILL');
    }
    const again = await start(false);
    assert.deepEqual(await exemplarsOf(again, nowMs), expected);
    await again.stop();
  } finally {
    for (const server of running) await server.stop('SIGKILL').catch(() => {});
    for (const folder of folders) rmSync(folder, {recursive: true, force: true});
  }
});
