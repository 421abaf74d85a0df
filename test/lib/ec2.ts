// A small EC2: DescribeInstances, in pages, and DescribeAvailabilityZones, as
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ describes them. Signatures are checked.
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {signRequest} from '../../src/http/sigv4.ts';

export interface Ec2Request {
  headers: Readonly<Record<string, string>>;
  host: string;
  body: string;
}

const accessKey = 'AKIDEXAMPLE';
const secretKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

export class TestEc2 {
  readonly accessKey = accessKey;
  readonly secretKey = secretKey;
  /** XML of reservations. */
  reservations: string[] = [];
  pageSize = 2;
  readonly requests: URLSearchParams[] = [];
  failure: {code: string; message: string} | null = null;

  answer(request: Ec2Request): {status: number; text: string} {
    const form = new URLSearchParams(request.body);
    this.requests.push(form);
    const action = form.get('Action') ?? '';
    if (this.failure !== null) return {status: 503, text: errorOf(this.failure.code, this.failure.message)};
    if (!isSigned(request))
      return {
        status: 401,
        text: errorOf('AuthFailure', 'AWS was not able to validate the provided access credentials'),
      };
    if (action === 'DescribeAvailabilityZones') return {status: 200, text: zones};
    if (action !== 'DescribeInstances')
      return {status: 400, text: errorOf('InvalidAction', `The action ${action} is not valid`)};
    const type = form.get('Filter.1.Name') === 'instance-type' ? form.get('Filter.1.Value.1') : null;
    const found = this.reservations.filter(
      (each) => type === null || each.includes(`<instanceType>${type}<`),
    );
    const start = Number(form.get('NextToken') ?? 0);
    const end = start + this.pageSize;
    const next = end < found.length ? `<nextToken>${end}</nextToken>` : '';
    const items = found.slice(start, end).join('');
    return {
      status: 200,
      text: `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><reservationSet>${items}</reservationSet>${next}</DescribeInstancesResponse>`,
    };
  }

  /** Listens on loopback. */
  async listen(): Promise<{url: string; close: () => void}> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        const {status, text} = this.answer({
          headers,
          host: headers['host'] ?? '',
          body: Buffer.concat(chunks).toString(),
        });
        response.writeHead(status, {'content-type': 'text/xml;charset=UTF-8'}).end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close};
  }
}

/** Signs the same request again, and compares. */
function isSigned({headers, host, body}: Ec2Request): boolean {
  const {authorization = ''} = headers;
  const [, key, region, names = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d+\/([^/]+)\/ec2\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=[0-9a-f]+$/.exec(
      authorization,
    ) ?? [];
  if (key !== accessKey || region === undefined) return false;
  const time = headers['x-amz-date'] ?? '';
  const nowMs = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const signed = names.split(';').filter((name) => name !== 'host' && name !== 'x-amz-date');
  const again = signRequest(
    {
      method: 'POST',
      url: new URL(`http://${host}/`),
      headers: Object.fromEntries(signed.map((name) => [name, headers[name] ?? ''])),
      body,
    },
    {credentials: {accessKey, secretKey, sessionToken: ''}, region, service: 'ec2', nowMs},
  );
  const signatureOf = (text: string): string => text.slice(text.lastIndexOf('Signature='));
  return signatureOf(again['authorization']!) === signatureOf(authorization);
}

function errorOf(code: string, message: string): string {
  return `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`;
}

const zones = `<DescribeAvailabilityZonesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><availabilityZoneInfo><item><zoneName>eu-west-1a</zoneName><zoneId>euw1-az2</zoneId></item></availabilityZoneInfo></DescribeAvailabilityZonesResponse>`;

function instance(id: string, rest: string, type = 't3.micro'): string {
  return `<item><reservationId>r-${id}</reservationId><ownerId>123456789012</ownerId><instancesSet><item><instanceId>${id}</instanceId><imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState><instanceType>${type}</instanceType><placement><availabilityZone>eu-west-1a</availabilityZone></placement><architecture>x86_64</architecture>${rest}</item></instancesSet></item>`;
}

function networkInterface(
  subnet: string,
  device: number,
  addresses: [address: string, isPrimary: boolean][],
): string {
  const items = addresses.map(
    ([address, isPrimary]) =>
      `<item><ipv6Address>${address}</ipv6Address><isPrimaryIpv6>${isPrimary}</isPrimaryIpv6></item>`,
  );
  return `<item><subnetId>${subnet}</subnetId><attachment><deviceIndex>${device}</deviceIndex></attachment><ipv6AddressesSet>${items.join('')}</ipv6AddressesSet></item>`;
}

/** Instances that have every case that labels distinguish. */
export function fillEc2(ec2: TestEc2): void {
  const tags =
    '<tagSet><item><key>Name</key><value>web &amp; co</value></item><item><key>aws:autoscaling/group</key><value>g</value></item></tagSet>';
  const v6 = [
    networkInterface('subnet-1', 0, [
      ['2001:db8::1', false],
      ['2001:db8::2', true],
    ]),
    networkInterface('subnet-2', 2, [['2001:db8::3', true]]),
    networkInterface('subnet-1', 1, []),
  ].join('');
  ec2.reservations = [
    instance(
      'i-full',
      `<privateIpAddress>10.0.0.1</privateIpAddress><privateDnsName>ip-10-0-0-1.internal</privateDnsName><ipAddress>203.0.113.5</ipAddress><dnsName>ec2.example</dnsName><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId><networkInterfaceSet>${v6}</networkInterfaceSet>${tags}`,
    ),
    instance(
      'i-six',
      `<vpcId>vpc-1</vpcId><subnetId>subnet-2</subnetId><networkInterfaceSet>${networkInterface('subnet-2', 0, [['2001:db8::9', false]])}</networkInterfaceSet>`,
    ),
    instance('i-none', ''),
    instance(
      'i-spot',
      '<privateIpAddress>10.0.0.2</privateIpAddress><privateDnsName/><platform>windows</platform><instanceLifecycle>spot</instanceLifecycle>',
      'm5.large',
    ),
    instance('i-old', '<privateIpAddress>10.0.0.3</privateIpAddress>', 'm5.large'),
  ];
}
