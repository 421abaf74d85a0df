import assert from 'node:assert/strict';
import test from 'node:test';
import {ProtobufReader} from '../base/protobuf.ts';
import type {Span} from '../model/histogram.ts';
import {InvalidHistogram} from '../model/histogram/validate.ts';
import {countsOfDeltas, readNumbers, readSpan} from './histogramparts.ts';

test('readSpan() reads offset and length, in any order, and skips the rest', () => {
  function f(hex: string, expected: Span): void {
    const bytes = Uint8Array.fromHex(hex);
    const into: Span[] = [];
    readSpan(new ProtobufReader(bytes), bytes.length, into);
    assert.deepEqual(into, [expected]);
  }
  f('00', {offset: 0, length: 0});
  f('0408031005', {offset: -2, length: 5});
  f('0410050803', {offset: -2, length: 5});
  f('061801080a1001', {offset: 5, length: 1});
});

test('readNumbers() reads numbers one by one and packed, up to a limit', () => {
  function f(tag: number, hex: string, expected: number[]): void {
    const bytes = Uint8Array.fromHex(hex);
    const into: number[] = [];
    const reader = new ProtobufReader(bytes);
    readNumbers(reader, bytes.length, {tag, kind: 'delta', into});
    assert.deepEqual(into, expected);
    assert.equal(reader.position, bytes.length);
  }
  f((9 << 3) | 0, '03', [-2]);
  f((9 << 3) | 2, '03020103', [1, -1, -2]);
  f((9 << 3) | 2, '00', []);
  // Of another wire type it means nothing.
  f((9 << 3) | 5, '00000000', []);
  const many = new Uint8Array(3 + 65_537);
  many.set([0x81, 0x80, 0x04]);
  assert.throws(
    () => readNumbers(new ProtobufReader(many), many.length, {tag: (9 << 3) | 2, kind: 'delta', into: []}),
    InvalidHistogram,
  );
});

test('countsOfDeltas() adds differences up', () => {
  assert.deepEqual([...countsOfDeltas([1, 2, -1])], [1, 3, 2]);
});
