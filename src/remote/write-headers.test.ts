import assert from 'node:assert/strict';
import test from 'node:test';
import {checkWriteHeaders} from './write-headers.ts';

test('checkWriteHeaders() takes version 1.0, packed with snappy', () => {
  function f(type: string | undefined, encoding: string | undefined): void {
    assert.equal(checkWriteHeaders(type, encoding), null, `${type} ${encoding}`);
  }
  f(undefined, undefined);
  f('application/x-protobuf', 'snappy');
  f('application/x-protobuf;proto=prometheus.WriteRequest', 'snappy');
  f('application/x-protobuf; proto=prometheus.WriteRequest', undefined);
  f('application/x-protobuf;charset=x', 'snappy');
});

test('checkWriteHeaders() refuses the rest with the words of Prometheus', () => {
  function f(type: string, encoding: string, message: string): void {
    assert.deepEqual(checkWriteHeaders(type, encoding), {status: 415, message});
  }
  f(
    'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'snappy',
    'io.prometheus.write.v2.Request protobuf message is not accepted by this server; only accepts prometheus.WriteRequest',
  );
  f(
    'application/x-protobuf;proto=Other',
    'snappy',
    'got application/x-protobuf;proto=Other content type; unknown type for remote write protobuf message Other, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request',
  );
  f(
    'application/json',
    'snappy',
    'expected application/x-protobuf as the first (media) part, got application/json content-type',
  );
  f(
    'application/x-protobuf;proto',
    'snappy',
    'as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, got proto in application/x-protobuf;proto content-type',
  );
  f(
    'application/x-protobuf',
    'zstd',
    'zstd encoding (compression) is not accepted by this server; only snappy is acceptable',
  );
});
