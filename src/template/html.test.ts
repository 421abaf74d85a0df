import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {executeHtml} from './html.ts';
import {cssType, htmlAttrType, htmlType, jsStrType, jsType, urlType} from './html/content.ts';
import {type MissingKey, TemplateSet} from './template.ts';
import {dataOf, type PersonSpec} from './testing/person.ts';
import {goFunction, type GoFunction, stringType} from './type.ts';
import {type Value, valueOfPlain} from './value.ts';

const functions = new Map<string, GoFunction>(
  Object.entries({
    safeHtml: htmlType,
    safeUrl: urlType,
    safeCss: cssType,
    safeJs: jsType,
    safeJsStr: jsStrType,
    safeAttr: htmlAttrType,
  }).map(([name, type]) => [name, goFunction([stringType], type, (text) => text)]),
);

function render(text: string, data: Value | null, missingKey: MissingKey = 'default'): string {
  const set = new TemplateSet({functions, missingKey});
  set.parse('t', text);
  return executeHtml(set, 't', data);
}

test("random documents give what Go's html/template gives, messages included", () => {
  const lines = readFileSync(new URL('testdata/html.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const people = lines.slice(0, 12).map((line) => JSON.parse(line) as PersonSpec);
  for (const line of lines.slice(12)) {
    const [person, key, text, out, err = ''] = JSON.parse(line) as [number, string, string, string, string?];
    let got = '';
    let gotError = '';
    try {
      got = render(text, dataOf(people[person]!), key === '' ? 'default' : (key as MissingKey));
    } catch (error) {
      gotError = (error as Error).message;
    }
    assert.deepEqual([got, gotError], [out, err], text);
  }
  assert.ok(lines.length > 400, `${lines.length} cases`);
});

test('each place has its own escaping', () => {
  const data = valueOfPlain({x: `<a href="javascript:alert('1')">&`, u: 'javascript:alert(1)', n: 1.5});
  const f = (text: string, expected: string): void => assert.equal(render(text, data), expected, text);
  f('<p>{{.x}}</p>', '<p>&lt;a href=&#34;javascript:alert(&#39;1&#39;)&#34;&gt;&amp;</p>');
  f('<a href="{{.u}}">', '<a href="#ZgotmplZ">');
  f('<a href="/?q={{.x}}">', '<a href="/?q=%3ca%20href%3d%22javascript%3aalert%28%271%27%29%22%3e%26">');
  f('<script>f({{.n}}, {{.u}})</script>', '<script>f( 1.5 , "javascript:alert(1)")</script>');
  f('<p style="color: {{.x}}">', '<p style="color: ZgotmplZ">');
  f('<!-- {{.x}} -->a', 'a');
  f('{{safeHtml "<b>"}}', '<b>');
  f('{{.missing}}', '');
});

test('one template is escaped for each context in which it is called', () => {
  const text =
    '{{define "x"}}{{.}}{{end}}<p title="{{template "x" .}}">{{template "x" .}}</p><script>{{template "x" .}}</script>';
  assert.equal(
    render(text, valueOfPlain('"<')),
    '<p title="&#34;&lt;">&#34;&lt;</p><script>"\\"\\u003c"</script>',
  );
});
