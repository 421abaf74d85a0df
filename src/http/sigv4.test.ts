import assert from 'node:assert/strict';
import test from 'node:test';
import {encodeStrictly, type SignedRequest, signRequest} from './sigv4.ts';

const credentials = {
  accessKey: 'AKIDEXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: '',
};

test('signRequest() gives the signatures of the test suite of AWS', () => {
  function f(request: Partial<SignedRequest>, signedHeaders: string, signature: string): void {
    const headers = signRequest(
      {method: 'GET', url: new URL('https://example.amazonaws.com/'), headers: {}, body: '', ...request},
      {credentials, region: 'us-east-1', service: 'service', nowMs: Date.UTC(2015, 7, 30, 12, 36)},
    );
    assert.equal(headers['x-amz-date'], '20150830T123600Z');
    assert.equal(
      headers['authorization'],
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    );
  }
  f({}, 'host;x-amz-date', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31');
  f({method: 'POST'}, 'host;x-amz-date', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b');
  f(
    {url: new URL('https://example.amazonaws.com/?Param2=value2&Param1=value1')},
    'host;x-amz-date',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  );
  f(
    {
      method: 'POST',
      headers: {'content-type': 'application/x-www-form-urlencoded'},
      body: 'Param1=value1',
    },
    'content-type;host;x-amz-date',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  );
});

test('signRequest() sends and signs the token of temporary credentials', () => {
  const headers = signRequest(
    {method: 'POST', url: new URL('https://sns.eu-west-1.amazonaws.com/'), headers: {}, body: 'a'},
    {
      credentials: {...credentials, sessionToken: 'token'},
      region: 'eu-west-1',
      service: 'sns',
      nowMs: 0,
    },
  );
  assert.equal(headers['x-amz-security-token'], 'token');
  assert.match(headers['authorization']!, /SignedHeaders=host;x-amz-date;x-amz-security-token, /);
});

test('encodeStrictly() encodes what AWS wants encoded', () => {
  assert.equal(encodeStrictly("a-._~ b/'()*!é"), 'a-._~%20b%2F%27%28%29%2A%21%C3%A9');
});
