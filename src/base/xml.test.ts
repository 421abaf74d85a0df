import assert from 'node:assert/strict';
import test from 'node:test';
import {itemsOf, parseXml, textAt} from './xml.ts';

test('parseXml() reads elements and texts', () => {
  const root = parseXml(
    `<?xml version="1.0" encoding="UTF-8"?>\n<!-- c < d --><r xmlns="http://x/" a='>'><id>i-1</id><set><item><k>a &amp; b &lt;&#65;&#x42;</k></item><item/></set><e/><c><![CDATA[<x>]]></c></r>\n`,
  );
  assert.equal(root.name, 'r');
  assert.equal(textAt(root, 'id'), 'i-1');
  assert.equal(textAt(root, 'e'), '');
  assert.equal(textAt(root, 'c'), '<x>');
  assert.equal(textAt(root, 'none', 'x'), null);
  const items = itemsOf(root, 'set');
  assert.equal(items.length, 2);
  assert.equal(textAt(items[0]!, 'k'), 'a & b <AB');
  assert.deepEqual(itemsOf(root, 'none'), []);
});

test('parseXml() refuses what is not XML, and what was cut short', () => {
  const text = '<a><b c="d">e</b><f/></a>';
  for (let size = 0; size < text.length; size++)
    assert.throws(() => parseXml(text.slice(0, size)), SyntaxError, text.slice(0, size));
  for (const wrong of ['<a></b>', '<a/><b/>', 'text', '<a b="></a>', '{}', '</a>'])
    assert.throws(() => parseXml(wrong), SyntaxError, wrong);
  assert.throws(() => parseXml('<a>'.repeat(200)), /more than 100/);
});
