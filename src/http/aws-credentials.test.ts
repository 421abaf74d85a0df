import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {AwsCredentialsSource, awsErrorOf, endpointOf} from './aws-credentials.ts';
import type {HttpAnswer, HttpRequestOptions} from './client.ts';
import type {SigV4Config} from './sigv4-config.ts';

const nothing: SigV4Config = {
  region: '',
  accessKey: '',
  secretKey: '',
  profile: '',
  roleArn: '',
  externalId: '',
  useFipsStsEndpoint: false,
  serviceName: '',
};

interface Options {
  readonly config?: Partial<SigV4Config>;
  readonly environment?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly answers?: Record<string, string>;
}

const home = {HOME: '/h', AWS_EC2_METADATA_DISABLED: 'true'};

function sourceOf({config = {}, environment = {}, files = {}, answers = {}}: Options): {
  find: () => Promise<string>;
  requests: string[];
  pass: (ms: number) => void;
} {
  const requests: string[] = [];
  let now = Date.UTC(2026, 0, 1);
  const request = async (url: string, options: HttpRequestOptions): Promise<HttpAnswer> => {
    const {method = 'GET', body = ''} = options;
    requests.push(`${method} ${url} ${String(body)}`.trim());
    const text = answers[url];
    return {status: text === undefined ? 404 : 200, statusText: '', header: () => '', text: text ?? ''};
  };
  const source = new AwsCredentialsSource(
    {...nothing, ...config},
    {
      environment: {...home, ...environment},
      http: {request},
      now: () => now,
      readFile: async (file) => files[file] ?? null,
    },
  );
  const find = async (): Promise<string> => {
    const {region, credentials} = await source.identity(new AbortController().signal);
    return [region, credentials.accessKey, credentials.secretKey, credentials.sessionToken].join(' ');
  };
  return {find, requests, pass: (ms) => (now += ms)};
}

const inEnvironment = {AWS_ACCESS_KEY_ID: 'E', AWS_SECRET_ACCESS_KEY: 'e', AWS_REGION: 'env-1'};
const files = {
  '/h/.aws/credentials':
    '[default]\naws_access_key_id = D\naws_secret_access_key=d\n[p]\naws_access_key_id=P\naws_secret_access_key=p',
  '/h/.aws/config': '[default]\nregion = def-1\n[profile p]\nregion=p-1 \n',
};

test('credentials come from the first place that has them', async () => {
  async function f(options: Options, expected: string): Promise<void> {
    assert.equal(await sourceOf(options).find(), expected);
  }
  const own = {region: 'own-1', accessKey: 'O', secretKey: 'o'};
  await f({config: own, environment: inEnvironment, files}, 'own-1 O o ');
  await f({environment: {...inEnvironment, AWS_SESSION_TOKEN: 't'}, files}, 'env-1 E e t');
  await f({files}, 'def-1 D d ');
  await f({files, environment: {AWS_PROFILE: 'p'}}, 'p-1 P p ');
  await f({config: {profile: 'p'}, environment: inEnvironment, files}, 'env-1 P p ');
  await f(
    {
      files: {'/c': files['/h/.aws/credentials']},
      environment: {AWS_SHARED_CREDENTIALS_FILE: '/c', AWS_DEFAULT_REGION: 'r'},
    },
    'r D d ',
  );
});

test('without credentials or a region there is an error', async () => {
  async function f(options: Options, message: RegExp): Promise<void> {
    await assert.rejects(sourceOf(options).find(), {message});
  }
  await f({config: {accessKey: 'O', secretKey: 'o'}}, /^region not configured in sigv4\.region/);
  await f({config: {region: 'r'}}, /^cannot find credentials for AWS/);
  await f({config: {region: 'r', profile: 'q'}, files}, /^failed to get shared config profile, q$/);
});

const credentialsOf = (key: string, expiration: string): string =>
  JSON.stringify({AccessKeyId: key, SecretAccessKey: 's', Token: 't', Expiration: expiration});

test('containers and machines give temporary credentials, which are renewed in time', async () => {
  const url = 'http://169.254.170.2/creds';
  const answers = {[url]: credentialsOf('C1', '2026-01-01T01:00:00Z')};
  const environment = {AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/creds', AWS_REGION: 'r'};
  const {find, requests, pass} = sourceOf({environment, answers});
  assert.equal(await find(), 'r C1 s t');
  pass(54 * 60_000);
  answers[url] = credentialsOf('C2', '2026-01-01T02:00:00Z');
  assert.equal(await find(), 'r C1 s t');
  pass(2 * 60_000);
  assert.equal(await find(), 'r C2 s t');
  assert.equal(requests.length, 2);

  const base = 'http://meta';
  const roles = `${base}/latest/meta-data/iam/security-credentials/`;
  const machine = sourceOf({
    environment: {
      AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: base,
      AWS_REGION: 'r',
    },
    answers: {
      [`${base}/latest/api/token`]: 'token',
      [roles]: 'role\n',
      [`${roles}role`]: credentialsOf('M', ''),
    },
  });
  assert.equal(await machine.find(), 'r M s t');
  assert.deepEqual(machine.requests, [`PUT ${base}/latest/api/token`, `GET ${roles}`, `GET ${roles}role`]);
});

const assumed =
  '<AssumeRoleResponse><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>a&amp;</SecretAccessKey><SessionToken>st</SessionToken><Expiration>2026-01-01T00:15:00Z</Expiration></Credentials></AssumeRoleResponse>';

test('a role is assumed, with the external ID that it wants', async () => {
  const {find, requests} = sourceOf({
    config: {region: 'eu-1', accessKey: 'O', secretKey: 'o', roleArn: 'arn:x', externalId: 'ext'},
    answers: {'https://sts.eu-1.amazonaws.com/': assumed},
  });
  assert.equal(await find(), 'eu-1 A a& st');
  assert.match(requests[0]!, /^POST https:\/\/sts\.eu-1\.amazonaws\.com\/ Action=AssumeRole&/);
  assert.match(requests[0]!, /RoleArn=arn%3Ax&ExternalId=ext$/);
  const fips = sourceOf({
    config: {region: 'us-1', accessKey: 'O', secretKey: 'o', roleArn: 'arn:x', useFipsStsEndpoint: true},
    answers: {'https://sts-fips.us-1.amazonaws.com/': assumed},
  });
  assert.equal(await fips.find(), 'us-1 A a& st');
  const refused = sourceOf({config: {region: 'eu-1', accessKey: 'O', secretKey: 'o', roleArn: 'arn:x'}});
  await assert.rejects(refused.find(), {message: /^cannot assume the role of AWS: status 404/});
});

test("a token of the cluster's identity provider is changed for credentials", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-aws-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'jwt\n');
  const {find, requests} = sourceOf({
    environment: {AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ROLE_ARN: 'arn:y', AWS_REGION: 'eu-1'},
    answers: {'https://sts.eu-1.amazonaws.com/': assumed},
  });
  assert.equal(await find(), 'eu-1 A a& st');
  assert.match(requests[0]!, /Action=AssumeRoleWithWebIdentity&.*RoleArn=arn%3Ay&WebIdentityToken=jwt$/);
  rmSync(folder, {recursive: true});
});

test('where services are found', () => {
  function f(region: string, environment: Record<string, string>, expected: string): void {
    assert.equal(endpointOf('sns', region, environment), expected);
  }
  f('us-east-1', {}, 'https://sns.us-east-1.amazonaws.com/');
  f('cn-north-1', {}, 'https://sns.cn-north-1.amazonaws.com.cn/');
  f('r', {AWS_ENDPOINT_URL: 'http://all'}, 'http://all');
  f('r', {AWS_ENDPOINT_URL: 'http://all', AWS_ENDPOINT_URL_SNS: 'http://sns'}, 'http://sns');
  assert.deepEqual(awsErrorOf('<Error><Code>A</Code><Message>b</Message></Error>'), {
    code: 'A',
    message: 'b',
  });
  assert.deepEqual(awsErrorOf('nothing'), {code: '', message: ''});
});
