import assert from 'node:assert/strict';
import test from 'node:test';
import {writeYaml} from '../base/yaml-write.ts';
import {parseYaml} from '../base/yaml.ts';
import {section} from '../model/fields.ts';
import {type HttpClientConfig, httpClientShape, readHttpClient} from './client-config.ts';
import {complainOfUrl, redactUrl} from './go-url.ts';
import {canonicalHeader} from './headers-config.ts';

const fields = section(() => httpClientShape);

interface Read {
  config: HttpClientConfig;
  shown: string;
  problems: string[];
}

function read(text: string): Read {
  const problems: string[] = [];
  const given = fields.safeParse(parseYaml(text).root);
  if (!given.success) {
    const found = given.error.issues.map(({path, message}) => `${path.join('.')}: ${message}`);
    return {config: {followRedirects: true}, shown: '', problems: found};
  }
  const {config, document} = readHttpClient(given.data, '/etc', (path, message) =>
    problems.push(`${path.join('.')}: ${message}`),
  );
  return {config, shown: writeYaml(document), problems};
}

const everything = `oauth2:
  client_id: id
  client_secret_file: secret
  client_certificate_key: KEY
  client_certificate_key_file: key.pem
  claims: {b: [1, x], a: {y: true}}
  scopes: [s]
  token_url: https://token
  endpoint_params: {z: "1"}
  tls_config: {ca_file: ca.pem}
  proxy_from_environment: true
enable_http2: false
proxy_url: http://me:topsecret@proxy:3128
no_proxy: a,b
proxy_connect_header: {X-A: [topsecret]}
http_headers:
  x-b: {values: [v], secrets: [topsecret], files: [f, /g]}
  a: {values: [w]}
`;

test('everything is read, and shown with secrets hidden, as Prometheus shows it', () => {
  const {config, shown, problems} = read(everything);
  assert.deepEqual(problems, []);
  assert.equal(
    shown,
    `oauth2:
  client_id: id
  client_secret_file: /etc/secret
  client_certificate_key: <secret>
  client_certificate_key_file: key.pem
  claims:
    a:
      "y": true
    b:
    - 1
    - x
  scopes:
  - s
  token_url: https://token
  endpoint_params:
    z: "1"
  tls_config:
    ca_file: /etc/ca.pem
    insecure_skip_verify: false
  proxy_from_environment: true
follow_redirects: true
enable_http2: false
proxy_url: http://me:xxxxx@proxy:3128
no_proxy: a,b
proxy_connect_header:
  X-A:
  - <secret>
http_headers:
  a:
    values:
    - w
  x-b:
    values:
    - v
    secrets:
    - <secret>
    files:
    - /etc/f
    - /g
`,
  );
  assert.deepEqual(config, {
    followRedirects: true,
    enableHttp2: false,
    oauth2: {
      clientId: 'id',
      grant: {type: 'client_credentials', secretFile: '/etc/secret'},
      scopes: ['s'],
      tokenUrl: 'https://token',
      endpointParams: {z: '1'},
      tls: {insecureSkipVerify: false, caFile: '/etc/ca.pem'},
      proxy: {url: '', noProxy: '', connectHeaders: {}},
    },
    proxy: {
      url: 'http://me:topsecret@proxy:3128',
      noProxy: 'a,b',
      connectHeaders: {'X-A': ['topsecret']},
    },
    httpHeaders: {
      'x-b': {values: ['v'], secrets: ['topsecret'], files: ['/etc/f', '/g']},
      a: {values: ['w'], secrets: [], files: []},
    },
  });
  const {grant} = read(
    'oauth2: {client_id: i, token_url: http://t, grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", claims: {n: 1}}',
  ).config.oauth2!;
  assert.deepEqual(grant, {
    type: 'jwt-bearer',
    keyId: '',
    algorithm: 'RS256',
    issuer: 'i',
    audience: '',
    claims: {n: 1},
  });
});

test('what is wrong is said in the words of Prometheus, with the field', () => {
  const f = (text: string, ...expected: string[]): void =>
    assert.deepEqual(read(text).problems, expected, text);
  const one = 'at most one of basic_auth, oauth2 & authorization must be configured';
  const oauth2 = 'oauth2: {client_id: a, token_url: http://t}';
  f('oauth2: {client_id: a}', 'oauth2.token_url: oauth2 token_url must be configured');
  f('oauth2: {token_url: http://t}', 'oauth2.client_id: oauth2 client_id must be configured');
  f(
    'oauth2: {client_id: a, token_url: t}',
    'oauth2.token_url: oauth2 token_url must be a URL of http or https, got "t"',
  );
  f(`${oauth2}\nbasic_auth: {username: a}`, `oauth2: ${one}`);
  f(`${oauth2}\nauthorization: {credentials: a}`, `authorization: ${one}`);
  f(
    `${oauth2}\nbearer_token: a`,
    'oauth2: at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured',
  );
  f(
    'oauth2: {client_id: a, token_url: http://t, client_secret: a, client_secret_file: b}',
    'oauth2.client_secret_file: at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured using grant-type=client_credentials',
  );
  f(
    'oauth2: {client_id: a, token_url: http://t, grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", signature_algorithm: ES256}',
    'oauth2.signature_algorithm: valid signature algorithms are RS256, RS384 and RS512',
  );
  const manager = 'cannot use secret ref without manager: give the secret itself, or its file';
  f('basic_auth: {username_ref: a}', `basic_auth.username_ref: ${manager}`);
  f('tls_config: {key_ref: a}', `tls_config.key_ref: ${manager}`);
  f('proxy_url: "1a:b"', 'proxy_url: parse "1a:b": first path segment in URL cannot contain colon');
  f(
    'proxy_url: proxy',
    'proxy_url: a proxy is written like http://host:port; its scheme is http, https, socks5 or socks5h',
  );
  f(
    'proxy_connect_header: {a: [b]}',
    'proxy_connect_header: if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured',
  );
  f(
    'proxy_url: http://a\nproxy_from_environment: true',
    'proxy_url: if proxy_from_environment is configured, proxy_url must not be configured',
  );
  f(
    'no_proxy: a\nproxy_from_environment: true',
    'no_proxy: if proxy_from_environment is configured, no_proxy must not be configured',
  );
  f('no_proxy: a', 'no_proxy: if no_proxy is configured, proxy_url must also be configured');
  f(
    'http_headers: {authorization: {}}',
    'http_headers.authorization: setting header "Authorization" is not allowed',
  );
  f('http_headers: {"a b": {}}', 'http_headers.a b: "a b" is not a name of a header');
  f(
    'http_headers: {a: {values: [b, "c\\nd"]}}',
    'http_headers.a.values.1: a header has no line breaks or other control characters',
  );
  f('http_headers: {a: b}', 'http_headers.a: cannot unmarshal !!str `b` into a section');
  f(
    'tls_config: {min_version: TLS13, max_version: TLS12}',
    'tls_config: tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified',
  );
});

test('complainOfUrl() refuses what Go refuses', () => {
  const f = (url: string, expected: string | null): void => assert.equal(complainOfUrl(url), expected, url);
  f('http://a.b:1/c?d=e#f', null);
  f('', null);
  f('proxy', null);
  f('http://[::1]:80/', null);
  f('mailto:a', null);
  f('http://a\tb', 'net/url: invalid control character in URL');
  f('://a', 'missing protocol scheme');
  f('1a:b', 'first path segment in URL cannot contain colon');
  f('http://a:b/', 'invalid port ":b" after host');
  f('http://[::1', "missing ']' in host");
  f('http://a b/', 'invalid character " " in host name');
  f('http://a/%zz', 'invalid URL escape "%zz"');
  f('http://a%zz/', 'invalid URL escape "%zz"');
  f('http://u ser@a/', 'net/url: invalid userinfo');
});

test('redactUrl() hides passwords, canonicalHeader() writes names as Go does', () => {
  assert.equal(redactUrl('https://me:topsecret@host/a@b?c=d@e'), 'https://me:xxxxx@host/a@b?c=d@e');
  assert.equal(redactUrl('https://me@host'), 'https://me@host');
  assert.equal(redactUrl('https://host/a:b@c'), 'https://host/a:b@c');
  assert.deepEqual(['x-api-KEY', 'a b', 'WWW-Authenticate'].map(canonicalHeader), [
    'X-Api-Key',
    'a b',
    'Www-Authenticate',
  ]);
});
