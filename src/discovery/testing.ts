// A made-up world for tests of this folder.
import {AwsCredentialsSource} from '../http/aws-credentials.ts';
import type {HttpAnswer, HttpSender} from '../http/client.ts';
import {KubeInformers} from '../kube/informers.ts';
import {HandClock} from '../sys/handclock.ts';
import type {LogFields, Logger} from '../sys/log.ts';
import type {DiscoveryFiles} from './files.ts';
import {kubernetesProjections} from './kubernetes/projections.ts';
import {DiscoveryManager} from './manager.ts';
import {recordOf, type TargetGroup} from './targetgroup.ts';
import type {DiscoveryWorld} from './world.ts';

/** Files in memory. */
export class MemoryFiles implements DiscoveryFiles {
  readonly texts = new Map<string, string>();
  readonly watched = new Map<string, () => void>();
  modifiedMs = 1_600_000_000_500;

  /** What list() throws. */
  listError: Error | null = null;

  list(folder: string): string[] {
    if (this.listError !== null) throw this.listError;
    const prefix = folder === '.' ? '' : folder.replace(/\/?$/, '/');
    const names = [...this.texts.keys()].filter((file) => file.startsWith(prefix));
    return [...new Set(names.map((file) => file.slice(prefix.length).split('/')[0]!))];
  }

  read(file: string): {text: string; modifiedMs: number} {
    const text = this.texts.get(file);
    if (text === undefined) throw new Error(`open ${file}: no such file or directory`);
    return {text, modifiedMs: this.modifiedMs};
  }

  identity(path: string): string | null {
    return path.endsWith('/') || this.texts.has(path) ? path : null;
  }

  watch(folder: string, onChange: () => void): () => void {
    this.watched.set(folder, onChange);
    return () => this.watched.delete(folder);
  }

  /** Writes a file, or (null) removes it, and says so. */
  set(file: string, text: string | null): void {
    if (text === null) this.texts.delete(file);
    else this.texts.set(file, text);
    this.watched.get(file.slice(0, file.lastIndexOf('/') + 1))?.();
  }
}

export interface FakeRequest {
  url: string;
  headers: Record<string, string>;
  signal: AbortSignal;
  body: string;
}

export type FakeServer = (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>;

export interface FakeAnswer {
  status?: number;
  statusText?: string;
  headers?: Record<string, string>;
  text?: string;
}

function senderOf(server: FakeServer): HttpSender {
  const request: HttpSender['request'] = async (
    url,
    {headers = {}, secretHeaders = {}, signal, body = ''},
  ): Promise<HttpAnswer> => {
    const answer = await server({url, headers: {...headers, ...secretHeaders}, signal, body: String(body)});
    return {
      status: answer.status ?? 200,
      statusText: answer.statusText ?? 'OK',
      header: (name) => answer.headers?.[name] ?? '',
      text: answer.text ?? '',
    };
  };
  return {request, get: request, close: () => Promise.resolve()};
}

/** A manager in a world of its own; `targets` has what it handed on last. */
export class DiscoveryBench {
  readonly clock = new HandClock();
  readonly files = new MemoryFiles();
  readonly errors: string[] = [];
  readonly targets = new Map<string, TargetGroup[]>();
  server: FakeServer = () => ({status: 404, statusText: 'Not Found'});
  sends = 0;
  /** How long it takes to hand targets on. */
  sendMs = 0;
  readonly world: DiscoveryWorld;
  readonly manager: DiscoveryManager;

  constructor(world: Partial<DiscoveryWorld> = {}) {
    this.world = {
      clock: this.clock,
      logger: this.#logger(),
      files: this.files,
      kubeWorld: {readFile: (file) => this.files.read(file).text, environment: {}},
      kube: new KubeInformers(this.clock, kubernetesProjections),
      resolver: {lookup: () => Promise.resolve([])},
      createHttpClient: () => senderOf((request) => this.server(request)),
      createUnixClient: () => senderOf((request) => this.server(request)),
      createAwsCredentials: (config, http) =>
        new AwsCredentialsSource(config, {
          environment: {},
          http,
          now: () => this.clock.now(),
          readFile: () => Promise.resolve(null),
        }),
      ...world,
    };
    this.manager = new DiscoveryManager(this.world, (jobName, groups) => {
      this.targets.set(jobName, groups);
      this.sends++;
      this.clock.spend(this.sendMs);
    });
  }

  /** Addresses that a job was handed last. */
  addresses(jobName: string): string[] {
    const groups = this.targets.get(jobName) ?? [];
    return groups.flatMap(({targets}) => targets.map((each) => recordOf(each)['__address__']!)).sort();
  }

  #logger(): Logger {
    const error = (message: string, fields: LogFields = {}): void => {
      const {err} = fields;
      this.errors.push(err instanceof Error ? `${message}: ${err.message}` : message);
    };
    const logger: Logger = {debug: () => {}, info: () => {}, warn: error, error, child: () => logger};
    return logger;
  }
}
