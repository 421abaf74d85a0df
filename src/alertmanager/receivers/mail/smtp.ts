// SMTP, as much of it as it takes to hand a mail to a server: RFC 5321, STARTTLS (RFC 3207), AUTH (RFC 4954).
import {createHmac} from 'node:crypto';
import {connect as connectPlain, type Socket} from 'node:net';
import {connect as connectTls, type ConnectionOptions} from 'node:tls';

/** A server's no. */
export class SmtpReplyError extends Error {
  override name = 'SmtpReplyError';
  readonly code: number;

  constructor(code: number, text: string) {
    super(`${code} ${text}`);
    this.code = code;
  }
}

interface Reply {
  readonly code: number;
  readonly lines: readonly string[];
}

const replyCharactersMax = 64 * 1024;

export interface SmtpAuthentication {
  readonly mechanism: 'PLAIN' | 'LOGIN' | 'CRAM-MD5';
  readonly username: string;
  /** The password, or for CRAM-MD5 the shared secret. */
  readonly secret: string;
  /** Of PLAIN: who one acts for; '' = the user. */
  readonly identity: string;
}

/** One conversation with a server. Every method throws when the signal aborts. */
export class SmtpConnection {
  readonly #host: string;
  readonly #signal: AbortSignal;
  #socket: Socket;
  #isTls: boolean;
  #buffer = '';
  #lines: string[] = [];
  #failure: Error | null = null;
  #wake: (() => void) | null = null;
  #extensions = new Map<string, string>();

  private constructor(
    socket: Socket,
    {host, signal, isTls}: {host: string; signal: AbortSignal; isTls: boolean},
  ) {
    this.#host = host;
    this.#signal = signal;
    this.#socket = socket;
    this.#isTls = isTls;
    this.#listen();
    signal.addEventListener('abort', this.#abort);
  }

  /** With `tls` the connection is encrypted from its first byte. */
  static async open(
    to: {host: string; port: number},
    {tls, signal}: {tls: ConnectionOptions | null; signal: AbortSignal},
  ): Promise<SmtpConnection> {
    signal.throwIfAborted();
    const socket = tls === null ? connectPlain(to) : connectTls({...to, ...tls});
    await connected(socket, tls === null ? 'connect' : 'secureConnect', signal);
    return new SmtpConnection(socket, {host: to.host, signal, isTls: tls !== null});
  }

  /** The server speaks first. */
  async greeting(): Promise<void> {
    await this.#reply([220]);
  }

  async hello(name: string): Promise<void> {
    if (/[\r\n]/.test(name)) throw new SyntaxError('smtp: A line must not contain CR or LF');
    this.#extensions = new Map();
    try {
      const {lines} = await this.#command([250], `EHLO ${name}`);
      for (const line of lines.slice(1)) {
        const [, extension = '', parameters = ''] = /^(\S+)(?: (.*))?$/.exec(line) ?? [];
        this.#extensions.set(extension.toUpperCase(), parameters);
      }
    } catch (error) {
      if (!(error instanceof SmtpReplyError)) throw error;
      await this.#command([250], `HELO ${name}`);
    }
  }

  /** Its parameters; null where the server has it not. */
  extension(name: string): string | null {
    return this.#extensions.get(name) ?? null;
  }

  /** Encrypts from now on, and says hello anew: what was said before may have been forged. */
  async startTls(tls: ConnectionOptions, name: string): Promise<void> {
    await this.#command([220], 'STARTTLS');
    if (this.#buffer !== '' || this.#lines.length > 0) throw new Error('data before TLS');
    const plain = this.#socket;
    plain.removeAllListeners();
    plain.on('error', () => null);
    const socket = connectTls({...tls, socket: plain});
    await connected(socket, 'secureConnect', this.#signal);
    this.#socket = socket;
    this.#isTls = true;
    this.#listen();
    await this.hello(name);
  }

  async authenticate(authentication: SmtpAuthentication): Promise<void> {
    const {mechanism} = authentication;
    if (mechanism === 'PLAIN') await this.#plain(authentication);
    else if (mechanism === 'LOGIN') await this.#login(authentication);
    else await this.#cramMd5(authentication);
  }

  async #plain({username, secret, identity}: SmtpAuthentication): Promise<void> {
    // A password goes over an open line to this machine alone.
    const isLocal = ['localhost', '127.0.0.1', '::1'].includes(this.#host);
    if (!this.#isTls && !isLocal) throw new Error('unencrypted connection');
    await this.#command([235], `AUTH PLAIN ${base64(`${identity}\0${username}\0${secret}`)}`);
  }

  async #login({username, secret}: SmtpAuthentication): Promise<void> {
    let reply = await this.#command([235, 334], 'AUTH LOGIN');
    while (reply.code === 334) {
      const asked = Buffer.from(reply.lines.join(''), 'base64').toString().toLowerCase();
      const answer = {'username:': username, 'password:': secret}[asked];
      if (answer === undefined) {
        await this.#command([501], '*').catch(() => null);
        throw new Error('unexpected server challenge');
      }
      reply = await this.#command([235, 334], base64(answer));
    }
  }

  async #cramMd5({username, secret}: SmtpAuthentication): Promise<void> {
    const {lines} = await this.#command([334], 'AUTH CRAM-MD5');
    const challenge = Buffer.from(lines.join(''), 'base64');
    const digest = createHmac('md5', secret).update(challenge).digest('hex');
    await this.#command([235], base64(`${username} ${digest}`));
  }

  async mail(from: string): Promise<void> {
    const extensions = [
      this.extension('8BITMIME') !== null && ' BODY=8BITMIME',
      this.extension('SMTPUTF8') !== null && ' SMTPUTF8',
    ].filter((each) => each !== false);
    await this.#command([250], `MAIL FROM:<${oneLine(from)}>${extensions.join('')}`);
  }

  async recipient(to: string): Promise<void> {
    await this.#command([250, 251], `RCPT TO:<${oneLine(to)}>`);
  }

  async startData(): Promise<void> {
    await this.#command([354], 'DATA');
  }

  /** After `startData`. Lines of `message` end with \r\n. */
  async data(message: string): Promise<void> {
    // A line that begins with a dot gets another one; a lone dot is the end.
    const stuffed = message.replaceAll(/^\./gm, '..');
    this.#write(`${stuffed.endsWith('\r\n') ? stuffed : `${stuffed}\r\n`}.\r\n`);
    await this.#reply([250]);
  }

  async quit(): Promise<void> {
    await this.#command([221], 'QUIT');
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#socket.destroy();
  }

  readonly #abort = (): void => {
    this.#fail(abortError(this.#signal));
    this.#socket.destroy();
  };

  #command(codes: readonly number[], line: string): Promise<Reply> {
    this.#write(`${line}\r\n`);
    return this.#reply(codes);
  }

  #write(text: string): void {
    if (this.#failure === null) this.#socket.write(text);
  }

  async #reply(codes: readonly number[]): Promise<Reply> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.#nextLine();
      const [, digits, separator, text] = /^(\d{3})(?:([- ])(.*))?$/s.exec(line) ?? [];
      if (digits === undefined) throw new Error(`malformed response: ${JSON.stringify(line.slice(0, 200))}`);
      lines.push(text ?? '');
      if (separator === '-') continue;
      const code = Number(digits);
      if (!codes.includes(code)) throw new SmtpReplyError(code, lines.join('\n'));
      return {code, lines};
    }
  }

  async #nextLine(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #listen(): void {
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (chunk: string | Buffer) => this.#take(chunk.toString()));
    this.#socket.on('error', (error: Error) => this.#fail(error));
    this.#socket.on('end', () => this.#fail(new Error('EOF')));
    this.#socket.on('close', () => this.#fail(new Error('EOF')));
  }

  #take(chunk: string): void {
    const lines = (this.#buffer + chunk).split('\n');
    this.#buffer = lines.pop()!;
    this.#lines.push(...lines.map((line) => line.replace(/\r$/, '')));
    const waiting = this.#lines.reduce((sum, line) => sum + line.length, this.#buffer.length);
    if (waiting > replyCharactersMax) {
      this.#lines = [];
      this.#buffer = '';
      this.#fail(new RangeError(`the server says more than ${replyCharactersMax} characters at once`));
      this.#socket.destroy();
    } else this.#awake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#awake();
  }

  #awake(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

function connected(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy();
      reject(abortError(signal));
    };
    const fail = (error: Error): void => {
      socket.destroy();
      signal.removeEventListener('abort', abort);
      reject(error);
    };
    const close = (): void => fail(new Error('EOF'));
    signal.addEventListener('abort', abort);
    socket.once('error', fail);
    socket.once('close', close);
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      socket.off('close', close);
      resolve();
    });
  });
}

function abortError({reason}: AbortSignal): Error {
  const isLate = reason instanceof DOMException && reason.name === 'TimeoutError';
  return new Error(isLate ? 'context deadline exceeded' : 'context canceled');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function oneLine(address: string): string {
  if (/[\r\n]/.test(address)) throw new SyntaxError('smtp: A line must not contain CR or LF');
  return address;
}
