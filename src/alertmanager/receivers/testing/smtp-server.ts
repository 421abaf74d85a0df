// A mail server on loopback that keeps what it gets.
import {createHmac} from 'node:crypto';
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import {createSecureContext, createServer as createTlsServer, TLSSocket} from 'node:tls';

export interface RecordedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** With \n at the ends of lines, and without the dots of SMTP. */
  readonly text: string;
  /** All that the client said before. */
  readonly commands: readonly string[];
  readonly isEncrypted: boolean;
}

export interface SmtpServerOptions {
  /** What it says to EHLO, besides STARTTLS. */
  readonly extensions?: readonly string[];
  readonly certificate?: {readonly cert: string; readonly key: string};
  /** Speaks TLS from the first byte. */
  readonly isImplicit?: boolean;
  /** Replies in place of its own, by the beginning of the command; '' = none at all. */
  readonly replies?: Readonly<Record<string, string>>;
  readonly users?: Readonly<Record<string, string>>;
}

const challenge = '<1896.697170952@postoffice.example>';

export class SmtpServer {
  readonly mails: RecordedMail[] = [];
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, options: SmtpServerOptions) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on(options.isImplicit === true ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#sockets.add(socket);
      void new Conversation(socket, options, options.isImplicit === true, (mail) =>
        this.mails.push(mail),
      ).run();
    });
  }

  static async open(options: SmtpServerOptions = {}): Promise<SmtpServer> {
    const server = options.isImplicit === true ? createTlsServer(options.certificate!) : createServer();
    server.on('tlsClientError', () => null);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new SmtpServer(server, options);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

class Conversation {
  #socket: Socket;
  readonly #options: SmtpServerOptions;
  #isEncrypted: boolean;
  readonly #keep: (mail: RecordedMail) => void;
  readonly #commands: string[] = [];
  #text = '';
  #wake: (() => void) | null = null;
  #isOver = false;
  #from = '';
  #to: string[] = [];

  constructor(
    socket: Socket,
    options: SmtpServerOptions,
    isEncrypted: boolean,
    keep: (mail: RecordedMail) => void,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#isEncrypted = isEncrypted;
    this.#keep = keep;
    this.#listen();
  }

  async run(): Promise<void> {
    if (!this.#replyAsTold('greeting')) this.#say('220 test ESMTP');
    for (;;) {
      const line = await this.#until('\r\n');
      if (line === null) return;
      this.#commands.push(line);
      if (!this.#replyAsTold(line)) await this.#answer(line);
    }
  }

  async #answer(line: string): Promise<void> {
    const [command = ''] = line.toUpperCase().split(/[ :]/);
    if (command === 'EHLO') this.#hello();
    else if (command === 'STARTTLS') this.#startTls();
    else if (command === 'AUTH') await this.#authenticate(line.slice(5));
    else if (command === 'MAIL') {
      this.#from = /<(.*)>/.exec(line)![1]!;
      this.#say('250 fine');
    } else if (command === 'RCPT') {
      this.#to.push(/<(.*)>/.exec(line)![1]!);
      this.#say('250 fine');
    } else if (command === 'DATA') await this.#data();
    else if (command === 'QUIT') {
      this.#say('221 bye');
      this.#socket.end();
    } else this.#say(command === 'HELO' ? '250 test' : '502 what?');
  }

  #hello(): void {
    const extensions = [...(this.#options.extensions ?? [])];
    if (this.#options.certificate !== undefined && !this.#isEncrypted) extensions.push('STARTTLS');
    const lines = ['test', ...extensions];
    this.#say(lines.map((each, i) => `250${i === lines.length - 1 ? ' ' : '-'}${each}`).join('\r\n'));
  }

  #startTls(): void {
    const {cert, key} = this.#options.certificate!;
    this.#say('220 go on');
    this.#socket.removeAllListeners('data');
    this.#socket = new TLSSocket(this.#socket, {
      isServer: true,
      secureContext: createSecureContext({cert, key}),
    });
    this.#isEncrypted = true;
    this.#listen();
  }

  async #authenticate(parameters: string): Promise<void> {
    const [mechanism = '', initial = ''] = parameters.split(' ');
    const decode = (text: string): string => Buffer.from(text, 'base64').toString();
    const ask = async (prompt: string): Promise<string> => {
      this.#say(`334 ${Buffer.from(prompt).toString('base64')}`);
      return decode((await this.#until('\r\n')) ?? '');
    };
    let isRight = false;
    const users = this.#options.users ?? {};
    if (mechanism === 'PLAIN') {
      const [, user = '', password] = decode(initial).split('\0');
      isRight = users[user] === password;
    } else if (mechanism === 'LOGIN') {
      const user = await ask('Username:');
      isRight = users[user] === (await ask('Password:'));
    } else if (mechanism === 'CRAM-MD5') {
      const [user = '', digest] = (await ask(challenge)).split(' ');
      isRight =
        createHmac('md5', users[user] ?? '')
          .update(challenge)
          .digest('hex') === digest;
    }
    this.#say(isRight ? '235 welcome' : '535 5.7.8 no');
  }

  async #data(): Promise<void> {
    this.#say('354 go on');
    const text = await this.#until('\r\n.\r\n');
    if (text === null) return;
    this.#keep({
      from: this.#from,
      to: this.#to,
      text: text.replaceAll(/^\.\./gm, '.').replaceAll('\r\n', '\n'),
      commands: [...this.#commands],
      isEncrypted: this.#isEncrypted,
    });
    this.#to = [];
    if (!this.#replyAsTold('.')) this.#say('250 taken');
  }

  #replyAsTold(line: string): boolean {
    const [, reply] =
      Object.entries(this.#options.replies ?? {}).find(([start]) => line.startsWith(start)) ?? [];
    if (reply === undefined) return false;
    if (reply !== '') this.#say(reply);
    return true;
  }

  #say(text: string): void {
    this.#socket.write(`${text}\r\n`);
  }

  async #until(end: string): Promise<string | null> {
    for (;;) {
      const at = this.#text.indexOf(end);
      if (at >= 0) {
        const text = this.#text.slice(0, at);
        this.#text = this.#text.slice(at + end.length);
        return text;
      }
      if (this.#isOver) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #listen(): void {
    const awake = (): void => {
      this.#wake?.();
      this.#wake = null;
    };
    this.#socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
      awake();
    });
    this.#socket.on('error', () => null);
    this.#socket.on('close', () => {
      this.#isOver = true;
      awake();
    });
  }
}
