// A small Docker daemon: containers and networks, as https://docs.docker.com/reference/api/engine/ describes them. Of filters
// it knows `name` and `label`.
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface TestContainer {
  Id: string;
  Names: string[];
  Image?: string;
  ImageID?: string;
  Labels?: Record<string, string>;
  Ports?: {IP?: string; PrivatePort: number; PublicPort?: number; Type: string}[];
  HostConfig: {NetworkMode: string};
  NetworkSettings: {
    Networks: Record<string, {NetworkID: string; IPAddress: string; GlobalIPv6Address: string} | null>;
  };
}

const apiVersion = '1.44';

export class TestDocker {
  containers: TestContainer[] = [];
  networks: Record<string, unknown>[] = [];
  /** Every request fails with this text, where it is not ''. */
  failure = '';
  readonly requests: string[] = [];

  /** Answers a request. */
  answer(target: string): {status: number; headers: Record<string, string>; text: string} {
    this.requests.push(target);
    const url = new URL(target, 'http://docker');
    const path = url.pathname.replace(/^\/v1\.\d+(?=\/)/, '');
    const headers = {'content-type': 'application/json', 'api-version': apiVersion, ostype: 'linux'};
    if (path === '/_ping')
      return {status: 200, headers: {...headers, 'content-type': 'text/plain'}, text: 'OK'};
    if (this.failure !== '') return {status: 500, headers, text: JSON.stringify({message: this.failure})};
    if (path === '/networks') return {status: 200, headers, text: JSON.stringify(this.networks)};
    if (path !== '/containers/json')
      return {status: 404, headers, text: JSON.stringify({message: 'page not found'})};
    const filters = JSON.parse(url.searchParams.get('filters') ?? '{}') as Record<
      string,
      Record<string, boolean>
    >;
    return {
      status: 200,
      headers,
      text: JSON.stringify(this.containers.filter((each) => matches(each, filters))),
    };
  }

  /** Listens on loopback, or on a socket in the file system. */
  async listen(socketPath?: string): Promise<{url: string; close: () => void}> {
    const server: Server = createServer((request, response) => {
      const {status, headers, text} = this.answer(request.url ?? '/');
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : text);
    });
    await new Promise<void>((resolve) =>
      socketPath === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(socketPath, resolve),
    );
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    const url =
      socketPath === undefined
        ? `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        : `unix://${socketPath}`;
    return {url, close};
  }
}

function matches(
  {Names: names, Labels: labels = {}}: TestContainer,
  filters: Record<string, Record<string, boolean>>,
): boolean {
  return Object.entries(filters).every(([name, values]) =>
    Object.keys(values).some((value) => {
      if (name === 'name') return names.some((each) => each.includes(value));
      const [key = '', wanted] = value.split('=');
      return wanted === undefined ? key in labels : labels[key] === wanted;
    }),
  );
}

/** Containers that have every case that labels distinguish. */
export function fillDocker(docker: TestDocker): void {
  const network = (
    id: string,
    ip: string,
    v6 = '',
  ): {NetworkID: string; IPAddress: string; GlobalIPv6Address: string} => ({
    NetworkID: id,
    IPAddress: ip,
    GlobalIPv6Address: v6,
  });
  docker.networks = [
    {Id: 'n1', Name: 'bridge', Scope: 'local', Internal: false, Ingress: false, Labels: {}},
    {
      Id: 'n2',
      Name: 'back',
      Scope: 'local',
      Internal: true,
      Ingress: false,
      Labels: {'com.example/zone': 'a'},
    },
    {Id: 'n3', Name: 'host', Scope: 'local', Internal: false, Ingress: false, Labels: null},
  ];
  const container = (id: string, rest: Partial<TestContainer>): TestContainer => ({
    Id: id,
    Names: [`/${id}`],
    Image: `image-of-${id}`,
    ImageID: `sha256:${id}`,
    Labels: {},
    Ports: [],
    HostConfig: {NetworkMode: 'default'},
    NetworkSettings: {Networks: {bridge: network('n1', '172.17.0.2')}},
    ...rest,
  });
  docker.containers = [
    container('web', {
      Labels: {'com.docker.compose.service': 'web', team: 'a'},
      Ports: [
        {PrivatePort: 8080, Type: 'tcp'},
        {IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8000, Type: 'tcp'},
        {PrivatePort: 53, Type: 'udp'},
      ],
    }),
    container('two', {
      NetworkSettings: {Networks: {zz: network('n1', '172.17.0.3'), back: network('n2', '10.9.0.3')}},
    }),
    container('udp', {Ports: [{PrivatePort: 53, Type: 'udp'}]}),
    container('host', {
      HostConfig: {NetworkMode: 'host'},
      NetworkSettings: {Networks: {host: network('n3', '')}},
    }),
    container('guest', {
      HostConfig: {NetworkMode: 'container:web'},
      NetworkSettings: {Networks: {}},
      Ports: [{PrivatePort: 9, Type: 'tcp'}],
    }),
    container('guest2', {HostConfig: {NetworkMode: 'container:guest'}, NetworkSettings: {Networks: {}}}),
    container('lost', {HostConfig: {NetworkMode: 'container:gone'}, NetworkSettings: {Networks: {}}}),
    container('six', {
      NetworkSettings: {Networks: {back: network('n2', '', '2001:db8::5')}},
      Ports: [{PrivatePort: 90, Type: 'tcp'}],
    }),
    container('nameless', {Names: []}),
  ];
}
