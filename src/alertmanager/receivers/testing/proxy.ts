// A proxy that connects to one port on loopback, whatever it is asked for: services whose addresses are fixed are tested with it.
import {createServer, type Server} from 'node:http';
import {type AddressInfo, connect, type Socket} from 'node:net';

export class TestProxy {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connect', (_request, socket: Socket) => {
      const there = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(there).pipe(socket);
      });
      for (const each of [socket, there]) {
        this.#sockets.add(each);
        each.on('error', () => each.destroy());
      }
    });
  }

  /** All connections go to `port`. */
  static async open(port: number): Promise<TestProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TestProxy(server, port);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
